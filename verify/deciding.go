// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Deciding is the field on which a divergence hangs: with this field changed it is gone.
type Deciding struct {
	// Where names the document: "pod", "stored pod", "requester", or kind and name of an object.
	Where string `json:"where"`
	// Field is the path, and Value what stands there, in JSON.
	Field string `json:"field"`
	Value string `json:"value"`
	// Instead is the value in JSON that was put there; empty when the field was taken away.
	Instead string `json:"instead,omitempty"`
	// Moves says whose answer the change moves: that of "native", of the "bundle", of the "cluster" that is judged, or of "both". It is
	// empty when there was no answer to compare. A field that moves one side only is one that the
	// other side reads differently.
	Moves string `json:"moves,omitempty"`
	// Agree says whether both sides agree in everything then; else they differ in another way.
	Agree bool `json:"agree"`
}

// String says it in words, to stand behind "deciding field: ".
func (d *Deciding) String() string {
	return fmt.Sprintf("%s of the %s is %s; %s", d.Field, d.Where, d.Value, d.Consequence())
}

// Consequence is what happens when the field is changed.
func (d *Deciding) Consequence() string {
	text := "without it"
	if d.Instead != "" {
		text = "with " + printable(d.Instead)
	}
	switch d.Moves {
	case "":
		return text + " the divergence is gone"
	case "both":
		text += " both answers change"
	case "native":
		text += " only native's answer changes"
	default:
		text += " only the " + d.Moves + "'s answer changes"
	}
	if d.Agree {
		return text + ", and they agree"
	}
	return text + ", and they differ in another way"
}

// maxDecidingTries bounds the search in cases that could not be made small.
const maxDecidingTries = 300

// maxLiveTries is the same where each of them is a request to a live API server.
const maxLiveTries = 60

// decide finds the deciding field of a divergence that is not shrunk.
func decide(ctx context.Context, j *Judge, d *Divergence) error {
	s := &shrinker{ctx: ctx, judge: j, divergence: d}
	if err := s.unpack(); err != nil {
		return err
	}
	if !s.still() {
		return s.err
	}
	return s.decide()
}

// suspect is a document in which the deciding field may stand.
type suspect struct {
	where string
	get   func() any
	set   func(any)
	// twin is the document that is changed alike; nil when there is none.
	twin *suspect
}

// decide changes one field after the other and asks both sides again. The first field that moves
// one side only, so that both agree, is the deciding one; failing that, the first that makes both
// agree; failing that, the first without which this divergence is gone.
func (s *shrinker) decide() error {
	s.divergence.Deciding = nil
	best, tries := 0, 0
	for _, doc := range s.suspects() {
		whole := doc.get()
		for _, leaf := range leaves(whole, nil) {
			for _, instead := range others(leaf) {
				if tries++; tries > maxDecidingTries || s.judge.options.Live != nil && tries > maxLiveTries {
					return nil
				}
				found, rank, err := s.suspicion(doc, leaf, instead)
				if err != nil {
					return err
				}
				if rank > best {
					best, s.divergence.Deciding = rank, found
				}
				if best == decidingAlone {
					return nil
				}
			}
		}
	}
	return nil
}

// Ranks of a deciding field.
const (
	decidingGone  = 1 + iota // this divergence is gone
	decidingBoth             // both agree
	decidingAlone            // both agree, and one side said the same before
)

// suspicion tries one change and takes it back.
func (s *shrinker) suspicion(doc suspect, leaf leaf, instead any) (*Deciding, int, error) {
	whole := doc.get()
	doc.set(replaced(whole, leaf.path, instead))
	defer doc.set(whole)
	if doc.twin != nil {
		twin := doc.twin.get()
		if reflect.DeepEqual(at(twin, leaf.path), leaf.value) {
			doc.twin.set(replaced(twin, leaf.path, instead))
			defer doc.twin.set(twin)
		}
	}
	after, _, err := s.ask()
	if err != nil || after.Refused != "" || after.shows(&s.divergence.Difference) != nil {
		return nil, 0, err
	}
	found := &Deciding{
		Where: doc.where, Field: fieldPath(leaf.path), Value: compact(leaf.value),
		Moves: s.moved(after), Agree: len(after.Differences) == 0 && after.Known == "",
	}
	if instead != absent {
		found.Instead = compact(instead)
	}
	switch {
	case !found.Agree:
		return found, decidingGone, nil
	case found.Moves == "both":
		return found, decidingBoth, nil
	}
	return found, decidingAlone, nil
}

// moved says whose answer in the divergence's phase is another one now.
func (s *shrinker) moved(after *Judgement) string {
	before := s.judgement
	if before.Native == nil || after.Native == nil {
		return ""
	}
	phase := s.divergence.Phase
	native := !alikeVerdicts(before.Native.of(phase), after.Native.of(phase))
	ours := !alikeVerdicts(before.Ours.of(phase), after.Ours.of(phase))
	switch {
	case native && ours:
		return "both"
	case native:
		return "native"
	case s.judge.options.judgesCluster():
		return "cluster"
	}
	return "bundle"
}

// suspects are the documents, those first that say most to a reader.
func (s *shrinker) suspects() []suspect {
	document := func(where string, at *any) suspect {
		return suspect{where: where, get: func() any { return *at }, set: func(v any) { *at = v }}
	}
	var list []suspect
	old := document("stored pod", &s.old)
	if s.object != nil {
		pod := document("pod", &s.object)
		if s.old != nil {
			pod.twin = &old
		}
		list = append(list, pod)
	}
	if s.old != nil {
		list = append(list, old)
	}
	list = append(list, suspect{
		where: "requester",
		get:   func() any { return map[string]any{"groups": s.groups} },
		set:   func(v any) { s.groups, _ = v.(map[string]any)["groups"].([]any) },
	})
	if s.judge.options.fixed() { // given rules, and a cluster, are those of the objects as they are
		return list
	}
	for _, policies := range []bool{true, false} {
		for i, object := range s.objects {
			if kind, name := identity(object); (kind == "PodSecurityPolicy") == policies {
				list = append(list, document(kind+" "+name, &s.objects[i]))
			}
		}
	}
	return list
}

// identity is the kind and the name of an object.
func identity(object any) (kind, name string) {
	m, _ := object.(map[string]any)
	kind, _ = m["kind"].(string)
	metadata, _ := m["metadata"].(map[string]any)
	name, _ = metadata["name"].(string)
	if namespace, _ := metadata["namespace"].(string); namespace != "" {
		name = namespace + "/" + name
	}
	return kind, name
}

// of is the verdict in one phase.
func (r *Recorded) of(phase Phase) *RecordedVerdict {
	if phase == Mutate {
		return r.Mutate
	}
	return r.Validate
}

// alike says whether two answers are equal but for the order in which policies speak.
func alike(a, b *Recorded) bool {
	if a == nil || b == nil {
		return a == b
	}
	return alikeVerdicts(a.Mutate, b.Mutate) && alikeVerdicts(a.Validate, b.Validate) && slices.Equal(a.APIErrors, b.APIErrors)
}

func alikeVerdicts(a, b *RecordedVerdict) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := *a, *b
	x.Message, y.Message = "", ""
	words := func(message string) []string {
		list := strings.Fields(strings.NewReplacer("[", " ", "]", " ").Replace(message))
		slices.Sort(list)
		return list
	}
	return reflect.DeepEqual(x, y) && slices.Equal(words(a.Message), words(b.Message))
}
