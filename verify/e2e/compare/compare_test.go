// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"testing"

	"psp2rego/verify/e2e/clusters"
)

const (
	privileged = "spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed"
	hostPID    = "spec.securityContext.hostPID: Invalid value: true: Host PID is not allowed to be used"
	prefix     = "PodSecurityPolicy: unable to admit pod: "
)

func TestRefusalsAreTheSameInAnyOrderOfTheirParts(t *testing.T) {
	for note, tc := range map[string]struct {
		a, b string
		want bool
	}{
		"same":           {prefix + "[" + privileged + "]", prefix + "[" + privileged + "]", true},
		"another order":  {prefix + "[" + privileged + " " + hostPID + "]", prefix + "[" + hostPID + " " + privileged + "]", true},
		"one less":       {prefix + "[" + privileged + " " + privileged + "]", prefix + "[" + privileged + "]", false},
		"another value":  {prefix + "[spec.volumes[0]: Invalid value: \"nfs\": x]", prefix + "[spec.volumes[0]: Invalid value: \"rbd\": x]", false},
		"another phase":  {prefix + "[]", "PodSecurityPolicy: unable to validate pod: []", false},
		"others instead": {prefix + "[" + privileged + " " + hostPID + "]", prefix + "[" + privileged + " " + privileged + "]", false},
	} {
		if got := sameMessage(tc.a, tc.b); got != tc.want {
			t.Errorf("%s: %v", note, got)
		}
	}
}

func TestOutcomes(t *testing.T) {
	admitted := func(policy, pod string) clusters.Outcome {
		return clusters.Outcome{Kind: clusters.Admitted, Policy: policy, Pod: []byte(pod)}
	}
	refused := clusters.Outcome{Kind: clusters.Denied, Message: prefix + "[]"}
	for note, tc := range map[string]struct {
		before, after clusters.Outcome
		differ        bool
		known         string
	}{
		"same pod":                      {admitted("p", `{"metadata":{},"spec":{}}`), admitted("p", `{"metadata":{},"spec":{}}`), false, ""},
		"another policy":                {admitted("p", `{"metadata":{}}`), admitted("q", `{"metadata":{}}`), true, ""},
		"another pod":                   {admitted("p", `{"spec":{"hostPID":true}}`), admitted("p", `{"spec":{}}`), true, ""},
		"another decision":              {admitted("p", `{}`), refused, true, ""},
		"admitted by the new one alone": {refused, admitted("p", `{}`), true, ""},
		"generation":                    {admitted("p", `{"metadata":{}}`), admitted("p", `{"metadata":{"generation":1}}`), false, "pod_generation"},
		"runtime class first": {refused, clusters.Outcome{Kind: clusters.Failed, Message: `pods "p" is forbidden: pod rejected: RuntimeClass "x" not found`},
			false, "other_admission_first"},
		"admitted before, failed now": {admitted("p", `{}`), clusters.Outcome{Kind: clusters.Failed, Message: `pod rejected: RuntimeClass "x" not found`},
			true, ""},
	} {
		got, err := Outcomes(&tc.before, &tc.after)
		if err != nil {
			t.Errorf("%s: %v", note, err)
		}
		if (got.Divergence != "") != tc.differ || tc.known == "" && len(got.Known) > 0 || tc.known != "" && (len(got.Known) != 1 || got.Known[0] != tc.known) {
			t.Errorf("%s: %+v", note, got)
		}
	}
}
