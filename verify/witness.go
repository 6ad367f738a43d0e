// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"slices"
	"strings"

	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
)

// sortWitnesses sorts the divergences of a given rule set for a reader: the gravest first, by cause, and as they were met.
func (r *Report) sortWitnesses() {
	if r.Judged == nil {
		return
	}
	causes := append(cases.Checks(), CauseGrants)
	rank := func(d *Divergence) []int {
		return append([]int{slices.Index(Classes(), d.Class), slices.Index(causes, d.Check)}, r.place(d)...)
	}
	slices.SortStableFunc(r.Divergences, func(a, b *Divergence) int { return slices.Compare(rank(a), rank(b)) })
}

// keepWitness keeps one divergence of each class and cause, at most limit unless that is zero. One that the API would take replaces
// one that it would not, which proves less.
func keepWitness(kept []*Divergence, d *Divergence, limit int) []*Divergence {
	i := slices.IndexFunc(kept, d.sameWitness)
	switch {
	case i < 0 && (limit == 0 || len(kept) < limit):
		return append(kept, d)
	case i >= 0 && kept[i].Invalid && !d.Invalid:
		kept[i] = d
	}
	return kept
}

// sameWitness says whether a divergence shows nothing that the other does not: the same class and cause or, where the
// cause is unknown, the same kind of request.
func (d *Divergence) sameWitness(other *Divergence) bool {
	if d.Class != other.Class || d.Check != other.Check {
		return false
	}
	a, b := d.Request, other.Request
	return d.Check != "" || a == nil || b == nil ||
		a.Operation == b.Operation && a.Resource == b.Resource && a.SubResource == b.SubResource
}

// presentable says whether a smaller case of a given rule set can be shown to people who do not know how it came about:
// native's reason is still of the same kind, and an object that the API took is one that it takes. What API
// validation does not look at, or had something against, has to stay a pod with a container.
func (s *shrinker) presentable(j *Judgement, request *protocol.Request) bool {
	if !s.judge.options.given() || j.outcome == nil {
		return true
	}
	reason := j.outcome.emptyHanded(s.divergence.Phase)
	if s.judgement == nil {
		s.reason = reason
		s.pods = isPod(request.Object) && isPod(request.OldObject)
	}
	isPods := !s.pods || isPod(request.Object) && isPod(request.OldObject)
	if validated(request) && !s.divergence.Invalid {
		isPods = len(j.outcome.apiErrors) == 0
	}
	return isPods && reason == s.reason
}

// validated says whether the evaluator has API validation look at the request's object.
func validated(r *protocol.Request) bool {
	return r.Resource == protocol.Pods() && r.SubResource == "" && (r.Operation == "CREATE" || r.Operation == "UPDATE")
}

// emptyHanded says whether native refuses without a violation to tell, in the first phase (the requester may use no policy)
// and in the given one (or every policy would have to change the pod).
func (o *outcome) emptyHanded(phase Phase) [2]bool {
	empty := func(v *Verdict) bool { return v != nil && !v.Allowed && strings.HasSuffix(v.Message, " pod: []") }
	return [2]bool{empty(o.native[Mutate]), empty(o.native[phase])}
}

// isPod says whether the object, if there is one, has a container that could run.
func isPod(object json.RawMessage) bool {
	pod := struct {
		Spec struct {
			Containers []struct{ Name, Image string }
		}
	}{}
	if len(object) == 0 {
		return true
	}
	if json.Unmarshal(object, &pod) != nil || len(pod.Spec.Containers) == 0 {
		return false
	}
	return pod.Spec.Containers[0].Name != "" && pod.Spec.Containers[0].Image != ""
}
