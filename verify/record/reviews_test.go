// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"psp2rego/verify"
	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
)

func reviews(t *testing.T, objects []json.RawMessage, dialect string, most, workers int) (Options, *Reviewed) {
	t.Helper()
	tarball, err := toBundle(t.Context(), objects, dialect)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Native: native(t), Translate: toBundle, Bundle: tarball, Objects: objects, Dialect: dialect, Cases: most, Workers: workers}
	recorded, err := Reviews(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return o, recorded
}

// Each review is one that the bundle of the cluster, with its own grants, answers as it says; whoever asks has been granted the policy.
func TestReviewsAreAnsweredAsTheySay(t *testing.T) {
	if testing.Short() {
		t.Skip("under the race detector it takes minutes, and shares no memory that the other tests do not")
	}
	o, recorded := reviews(t, load(t, mke), cases.MKE, 12, 2)
	opa, err := verify.LoadBundle(t.Context(), o.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	count, lacking, names := map[string]int{}, 0, map[string]bool{}
	for _, r := range recorded.Reviews {
		var review struct{ Request protocol.Request }
		if err := json.Unmarshal(r.Body, &review); err != nil {
			t.Fatal(err)
		}
		said, err := opa.Evaluate(t.Context(), verify.Validate, &review.Request)
		if err != nil {
			t.Fatal(err)
		}
		head, _, list := strings.Cut(said.Message, ": [")
		if said.Allowed != r.Allowed || head != r.Message || list != (r.Violations != nil) || !slices.Equal(slices.Sorted(slices.Values(said.Blocks())), r.Violations) {
			t.Errorf("%s %s: %t %s, want %t %s: %q", r.Policy, r.Name, said.Allowed, said.Message, r.Allowed, r.Message, r.Violations)
		}
		for _, object := range []json.RawMessage{review.Request.Object, review.Request.OldObject} {
			head := struct{ APIVersion, Kind string }{"v1", "Pod"}
			if len(object) > 0 && (json.Unmarshal(object, &head) != nil || head.APIVersion != "v1" || head.Kind != "Pod") {
				t.Errorf("%s %s: an object of kind %q", r.Policy, r.Name, head.Kind)
			}
		}
		if key := r.Policy + " " + r.Name; names[key] {
			t.Errorf("two are called %s", key)
		} else {
			names[key] = true
		}
		if strings.Contains(r.Name, "_lacks_defaults") {
			lacking++
			if r.Allowed {
				t.Errorf("%s %s: allowed", r.Policy, r.Name)
			}
		}
		count[r.Policy]++
	}
	for _, p := range recorded.Policies {
		if p.Cases != count[p.Name] || p.Cases > 12 || p.Usable && p.Cases < 3 || p.Lines+p.Faults+p.Told > 0 {
			t.Errorf("%d reviews: %+v", count[p.Name], p)
		}
	}
	if count[""] == 0 || lacking == 0 {
		t.Errorf("%d about requesters, %d of pods without defaults", count[""], lacking)
	}
}

// TestTheSameInputHasTheSameReviews whatever the number of workers.
func TestTheSameInputHasTheSameReviews(t *testing.T) {
	c := small()
	_, one := reviews(t, c.Objects, c.Dialect, 2, 1)
	_, two := reviews(t, c.Objects, c.Dialect, 2, 2)
	if d := cmp.Diff(one, two); d != "" {
		t.Error(d)
	}
}

// A policy that nobody may use has no reviews: with the grants as they are, nobody could ask about it.
func TestPoliciesThatNobodyMayUseHaveNoReviews(t *testing.T) {
	var objects []json.RawMessage
	for _, object := range load(t, mke) {
		if !strings.Contains(string(object), `Binding"`) {
			objects = append(objects, object)
		}
	}
	_, recorded := reviews(t, objects, cases.MKE, 2, 2)
	for _, p := range recorded.Policies {
		if p.Cases > 0 {
			t.Errorf("%+v", p)
		}
	}
	for _, r := range recorded.Reviews {
		if r.Policy != "" { // updates that change nothing are allowed
			t.Errorf("%s: about %q", r.Name, r.Policy)
		}
	}
}

// Gatekeeper reads numbers as floating point: a policy whose plain pods have an id that loses digits by that has no reviews, and no other pod is taken for
// the plain one.
func TestPoliciesOfIDsThatLoseDigitsHaveNoReviews(t *testing.T) {
	const free = "{rule: RunAsAny}"
	policy := func(name, fsGroup string) string {
		return "{apiVersion: policy/v1beta1, kind: PodSecurityPolicy, metadata: {name: " + name + "}, spec: {runAsUser: " + free + ", seLinux: " + free + ", supplementalGroups: " + free + ", fsGroup: " + fsGroup + "}}"
	}
	objects := []json.RawMessage{}
	for _, text := range []string{
		policy("large", "{rule: MustRunAs, ranges: [{min: 9007199254740993, max: 9007199254740999}]}"), policy("small", "{rule: MustRunAs, ranges: [{min: 1, max: 2}]}"),
		"{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: all}, rules: [{apiGroups: [policy], resources: [podsecuritypolicies], verbs: [use]}]}",
		"{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: all}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: all}, " +
			"subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: all}]}",
	} {
		object, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	_, recorded := reviews(t, objects, cases.Kubernetes, 12, 2)
	for i, name := range []string{"large", "small"} {
		if p := recorded.Policies[i]; p.Name != name || (p.Cases > 0) != (name == "small") {
			t.Errorf("%+v", p)
		}
	}
	for _, r := range recorded.Reviews {
		var review struct{ Request protocol.Request }
		if err := json.Unmarshal(r.Body, &review); err != nil {
			t.Fatal(err)
		}
		if r.Policy == "large" || verify.LosesDigits(&review.Request) {
			t.Errorf("%s %s: %s", r.Policy, r.Name, review.Request.Object)
		}
	}
}

func TestWhatCannotBeReviewedIsAnError(t *testing.T) {
	objects := load(t, mke)
	tarball, err := toBundle(t.Context(), objects, cases.MKE)
	if err != nil {
		t.Fatal(err)
	}
	good := Options{Native: native(t), Translate: toBundle, Bundle: tarball, Objects: objects, Dialect: cases.MKE, Cases: 1}
	differing, err := toBundle(t.Context(), slices.DeleteFunc(slices.Clone(objects), func(object json.RawMessage) bool {
		return strings.Contains(string(object), `"RoleBinding"`)
	}), cases.MKE)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(o *Options)
		want   string
	}{
		"no cases":              {func(o *Options) { o.Cases = 0 }, "record: 0 cases"},
		"no bundle":             {func(o *Options) { o.Bundle = nil }, "record: "},
		"no evaluator":          {func(o *Options) { o.Native.Path = "nowhere" }, "nowhere"},
		"a bundle that differs": {func(o *Options) { o.Bundle = differing }, "differs from native"},
	} {
		o := good
		tc.change(&o)
		if recorded, err := Reviews(t.Context(), o); err == nil || recorded != nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}
