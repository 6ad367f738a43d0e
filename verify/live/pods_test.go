// SPDX-License-Identifier: Apache-2.0

package live

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"psp2rego/verify/protocol"
)

func TestFitIsWhatTheServerMakesOfARequester(t *testing.T) {
	user := func(name string, groups ...string) protocol.UserInfo {
		return protocol.UserInfo{Username: name, Groups: groups}
	}
	for _, tc := range []struct {
		name string
		mke  bool
		user protocol.UserInfo
		want []string
	}{
		{"nothing is said", false, user("jeff"), []string{Group, authenticated}},
		{"somebody else's group", false, user("jeff", "devs"), []string{"devs", Group, authenticated}},
		{"it is said", false, user("jeff", authenticated), []string{authenticated, Group}},
		{"not authenticated", false, user("jeff", unauthenticated), []string{unauthenticated, Group}},
		{"anonymous", false, user(anonymous), []string{Group, unauthenticated}},
		{"MKE's group", true, user("jeff", authenticated), []string{authenticated, authenticated + ":team", Group}},
		{"MKE's group is not for accounts", true, user("system:x", authenticated), []string{authenticated, Group}},
		{"twice", true, user("jeff", authenticated, authenticated+":team", Group), []string{authenticated, authenticated + ":team", Group}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			asked := creation("team", "default")
			off := false
			asked.UserInfo, asked.ServiceAccountPlugin, asked.Name = tc.user, &off, "other"
			fit, reason := Fit(asked, tc.mke)
			if reason != "" {
				t.Fatal(reason)
			}
			if d := cmp.Diff(tc.want, fit.UserInfo.Groups); d != "" {
				t.Error(d)
			}
			if fit.ServiceAccountPlugin != nil || fit.Name != "" || asked.Name != "other" {
				t.Errorf("fit is %+v, asked was %+v", fit, asked)
			}
			again, _ := Fit(fit, tc.mke)
			if d := cmp.Diff(fit, again); d != "" {
				t.Errorf("fitting twice: %s", d)
			}
		})
	}
}

func TestWhatCannotBeTriedIsSaid(t *testing.T) {
	for _, tc := range []struct {
		change func(*protocol.Request)
		want   string
	}{
		{func(r *protocol.Request) { r.Operation = "UPDATE" }, notCreation},
		{func(r *protocol.Request) { r.SubResource = "status" }, notCreation},
		{func(r *protocol.Request) { r.Resource.Resource = "services" }, notCreation},
		{func(r *protocol.Request) { r.Kind.Kind = "Service" }, notCreation},
		{func(r *protocol.Request) { r.Object = nil }, withoutObject},
		{func(r *protocol.Request) { r.UserInfo.Username = "" }, notSayable},
		{func(r *protocol.Request) { r.UserInfo.Username = " jeff" }, notSayable},
		{func(r *protocol.Request) { r.UserInfo.Username = "two\nlines" }, notSayable},
		{func(r *protocol.Request) { r.UserInfo.Groups = []string{""} }, notSayable},
	} {
		asked := creation("team", "default")
		tc.change(asked)
		if _, reason := Fit(asked, false); reason != tc.want {
			t.Errorf("%+v: %q", asked, reason)
		}
	}
}

// changed is a pod with another value at each of the paths, given as JSON.
func changed(t *testing.T, pod string, changes map[string]string) json.RawMessage {
	t.Helper()
	o, err := read(json.RawMessage(pod))
	if err != nil {
		t.Fatal(err)
	}
	for path, value := range changes {
		keys := strings.Split(path, "/")
		at := o
		for _, key := range keys[:len(keys)-1] {
			if list, ok := at[key].([]any); ok {
				at = list[0].(map[string]any)
				continue
			}
			if at.at(key) == nil {
				at[key] = map[string]any{}
			}
			at = at.at(key)
		}
		var v any
		if err := json.Unmarshal([]byte(value), &v); err != nil {
			t.Fatal(err)
		}
		at[keys[len(keys)-1]] = v
	}
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const sentPod = `{"metadata":{"generateName":"web-","ownerReferences":[{"uid":"1"}]},"spec":{"nodeSelector":{"disk":"fast"},"terminationGracePeriodSeconds":-1,"volumes":[{"name":"v","ephemeral":{"volumeClaimTemplate":{"metadata":{}}}}],` +
	`"tolerations":[{"key":"own"}],"containers":[{"name":"c","imagePullPolicy":"IfNotPresent","resources":{"limits":{"cpu":"1"}}}]}}`

// additions is what each normalisation takes out, by its id.
func additions() map[string]map[string]string {
	return map[string]map[string]string{
		"server_metadata": {
			"metadata/uid": `"u"`, "metadata/creationTimestamp": `"2026-01-01T00:00:00Z"`, "metadata/generation": `1`, "metadata/resourceVersion": `"1"`,
			"metadata/managedFields": `[]`, "metadata/ownerReferences": `[{"uid":"1"},{"uid":"1"}]`,
		},
		"status":             {"status": `{"phase":"Pending"}`},
		"generated_name":     {"metadata/name": `"web-x7k2p"`},
		"image_pull_secrets": {"spec/imagePullSecrets": `[{"name":"s"}]`},
		"priority":           {"spec/priority": `0`, "spec/preemptionPolicy": `"PreemptLowerPriority"`, "spec/priorityClassName": `"low"`},
		"tolerations":        {"spec/tolerations": `[{"key":"own"},{"key":"node.kubernetes.io/not-ready"}]`},
		"node_selector":      {"spec/nodeSelector/zone": `"a"`},
		"overhead":           {"spec/overhead": `{"cpu":"1"}`},
		"resources":          {"spec/containers/resources/requests": `{"cpu":"1"}`, "metadata/annotations/kubernetes.io~limit-ranger": `"x"`},
		"grace_period":       {"spec/terminationGracePeriodSeconds": `1`},
		"claim_template":     {"spec/volumes/ephemeral/volumeClaimTemplate/metadata/creationTimestamp": `null`},
		"image_pull_policy":  {"spec/containers/imagePullPolicy": `"Always"`},
	}
}

func TestEachNormalisationTakesOutWhatItSays(t *testing.T) {
	want, err := Comparable(json.RawMessage(sentPod), json.RawMessage(sentPod))
	if err != nil {
		t.Fatal(err)
	}
	all := additions()
	for _, n := range Normalisations() {
		t.Run(n.ID, func(t *testing.T) {
			if all[n.ID] == nil {
				t.Fatal("no pod shows it")
			}
			text := strings.ReplaceAll(string(changed(t, sentPod, all[n.ID])), "kubernetes.io~limit-ranger", "kubernetes.io/limit-ranger")
			got, err := Comparable(json.RawMessage(text), json.RawMessage(sentPod))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Error(d)
			}
		})
		delete(all, n.ID)
	}
	if len(all) > 0 {
		t.Errorf("no normalisations: %v", all)
	}
}

// Whatever was sent, and whatever policies write, stays different.
func TestNormalisationsHideNothingElse(t *testing.T) {
	same, err := Comparable(json.RawMessage(sentPod), json.RawMessage(sentPod))
	if err != nil {
		t.Fatal(err)
	}
	for path, value := range map[string]string{
		"spec/tolerations": `[]`, "spec/nodeSelector": `{"disk":"slow"}`, "spec/containers/resources": `{}`, "spec/containers/imagePullPolicy": `"Never"`,
		"metadata/generateName": `"other-"`, "metadata/ownerReferences": `[]`, "metadata/annotations/a": `"b"`, "metadata/labels/a": `"b"`,
		"spec/securityContext": `{"fsGroup":1}`, "spec/containers/securityContext": `{}`, "spec/runtimeClassName": `"r"`, "spec/hostPID": `true`,
		"spec/terminationGracePeriodSeconds": `2`, "spec/volumes": `[{"name":"w"}]`, "spec/containers/name": `"d"`,
	} {
		got, err := Comparable(changed(t, sentPod, map[string]string{path: value}), json.RawMessage(sentPod))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) == string(same) {
			t.Errorf("%s %s is not seen", path, value)
		}
	}
	if _, err := Comparable(json.RawMessage(`{"spec"`), json.RawMessage(sentPod)); err == nil {
		t.Error("broken JSON went through")
	}
}

func TestNormalisationsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/against-cluster.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range Normalisations() {
		if row := "| `" + n.ID + "` | " + n.By + " | " + n.What + " |"; !strings.Contains(string(page), row) {
			t.Errorf("docs/against-cluster.md lacks: %s", row)
		}
	}
}
