// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/rogpeppe/go-internal/diff"
	"sigs.k8s.io/yaml"

	"psp2rego/verify"
)

// explainText is everything that is said about one pod.
type explainText struct {
	*question
	verdict     *verify.Verdict
	explanation *verify.Explanation
	native      *secondOpinion
	out         bytes.Buffer
}

func (t *explainText) write(w io.Writer) error {
	t.subject()
	if t.verdict.Allowed {
		if err := t.admitted(); err != nil {
			return err
		}
	} else {
		t.refused()
	}
	t.opinion()
	_, err := io.WriteString(w, readable(t.out.String()))
	return err
}

func (t *explainText) printf(format string, args ...any) { fmt.Fprintf(&t.out, format, args...) }

func (t *explainText) subject() {
	t.printf("%s %s in namespace %s\n", t.kind, t.name(), t.namespace)
	runs := "without a service account"
	if t.account != "" {
		runs = "running as service account " + t.account
	}
	switch {
	case t.creator == "":
		t.printf("  created by %s, %s\n\n", t.requester(), runs)
	case t.byController():
		t.printf("  its pods are created by the controller %s, %s\n\n", t.creator, runs)
	default:
		t.printf("  its pods are created by %s, %s\n\n", t.requester(), runs)
	}
}

func (t *explainText) byController() bool {
	return t.creator != "" && t.sent.UserInfo.Username == t.creator
}

func (t *explainText) requester() string {
	switch {
	case t.byController():
		return "the controller"
	case t.sent.UserInfo.Username == "":
		return "any authenticated user"
	}
	return "user " + t.sent.UserInfo.Username
}

// identities names the two that a policy can be granted to.
func (t *explainText) identities() string {
	if t.account == "" {
		return t.requester()
	}
	return t.requester() + " or service account " + t.account
}

func (t *explainText) admitted() error {
	name := t.verdict.Policy
	if name == "" {
		t.printf("admitted: no policy judges this request\n")
		return nil
	}
	before, after, err := t.shown()
	if err != nil {
		return err
	}
	t.printf("admitted by policy %s\n", name)
	t.grants(name, "  ")
	accepting, changing := 0, 0
	for _, p := range t.explanation.Policies {
		if p.Usable && p.Authorized && p.Accepts {
			accepting++
			if len(p.Writes) > 0 {
				changing++
			}
		}
	}
	changes := len(t.explanation.Policies[name].Writes) > 0
	switch {
	case accepting == 1:
		t.printf("  the only granted policy that accepts the pod")
	case changes:
		t.printf("  the first by name of the %d granted policies that accept the pod; all of them change it", accepting)
	case changing > 0:
		t.printf("  of the %d granted policies that accept the pod, the first by name that leaves it as it is", accepting)
	default:
		t.printf("  the first by name of the %d granted policies that accept the pod", accepting)
	}
	t.printf("\n\n")
	if !changes {
		t.printf("The pod stays as it is, but for the name of its policy:\n\n")
	} else {
		t.printf("The policy changes the pod:\n\n")
	}
	text := diff.Diff("created", before, "admitted", after)
	_, text, _ = bytes.Cut(text, []byte("\n")) // its first line repeats the names
	t.out.Write(text)
	return nil
}

func (t *explainText) refused() {
	t.printf("refused: %s\n", oneLine(t.verdict.Message))
	granted, usable := 0, 0
	for _, name := range slices.Sorted(maps.Keys(t.explanation.Policies)) {
		p := t.explanation.Policies[name]
		if p.Usable {
			usable++
		}
		if !p.Usable || !p.Authorized {
			continue
		}
		granted++
		t.printf("\npolicy %s refuses it:\n", name)
		for _, violation := range p.Violations {
			t.printf("  - %s\n", oneLine(violation))
		}
		t.grants(name, "  ")
	}
	switch {
	case granted > 0:
	case usable == 0:
		t.printf("\nNo policy can be used by anybody.\n")
	default:
		t.printf("\nNo policy is granted to %s.\n", t.identities())
		if t.byController() {
			t.printf("What the person who applies the %s may use does not count for its pods.\n", t.kind)
		}
	}
	t.others()
}

// others lists the policies that have no say: the ones that would admit the pod by name, for those are what to grant.
func (t *explainText) others() {
	table, unusable := &bytes.Buffer{}, &bytes.Buffer{}
	tab := tabwriter.NewWriter(table, 0, 0, 2, ' ', 0)
	refusing := 0
	for _, name := range slices.Sorted(maps.Keys(t.explanation.Policies)) {
		p := t.explanation.Policies[name]
		switch {
		case !p.Usable:
			fmt.Fprintf(unusable, "  %s: %s\n", name, p.Reason)
		case p.Authorized:
		case p.Accepts:
			fmt.Fprintf(tab, "  %s\twould admit the pod\n", name)
		default:
			refusing++
		}
	}
	_ = tab.Flush() // into memory
	if table.Len() > 0 || refusing > 0 {
		t.printf("\nPolicies without a say, because they are not granted to %s:\n", t.identities())
		t.out.Write(table.Bytes())
		if refusing > 0 {
			t.printf("  %d would refuse the pod as well\n", refusing)
		}
	}
	if unusable.Len() > 0 {
		t.printf("\nPolicies that Kubernetes skips for every pod:\n")
		t.out.Write(unusable.Bytes())
	}
}

func (t *explainText) grants(policy, indent string) {
	const shown = 3
	grants := t.explanation.Policies[policy].Grants
	for _, g := range grants[:min(shown, len(grants))] {
		t.printf("%sgranted to %s by %s, role %s\n", indent, g.Subject, g.Binding, g.Role)
	}
	if more := len(grants) - shown; more > 0 {
		t.printf("%sand by %d more\n", indent, more)
	}
}

func (t *explainText) opinion() {
	if t.native == nil {
		return
	}
	n := t.native
	if n.difference != nil {
		t.printf("\nKubernetes %s DECIDES OTHERWISE (%s): %s\n", n.version, n.difference.Class, n.difference.Detail)
		return
	}
	t.printf("\nKubernetes %s decides the same.\n", n.version)
	for _, problem := range n.invalid {
		t.printf("But its API server does not take the pod as admitted: %s\n", problem)
	}
	if n.later != "" {
		t.printf("But it refuses the pod when it validates it: %s\n", n.later)
	}
}

// shown is the pod as YAML before and after, without the members that Go writes for what is not there.
func (t *explainText) shown() (before, after []byte, err error) {
	if before, err = podYAML(t.prepared.Object); err != nil {
		return nil, nil, err
	}
	after, err = podYAML(t.verdict.Object)
	return before, after, err
}

func podYAML(object json.RawMessage) ([]byte, error) {
	var pod map[string]any
	if err := yaml.Unmarshal(object, &pod); err != nil {
		return nil, err
	}
	delete(pod, "status")
	return yaml.Marshal(pod)
}

// oneLine keeps a value with newlines in it from looking like more than one finding.
func oneLine(s string) string { return strings.ReplaceAll(s, "\n", `\n`) }

// readable keeps what pods and policies are called from steering the terminal.
func readable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
