// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// What Gatekeeper does not take is a fault of the cluster line that names file and object, and nothing is judged after it.
func TestWhatGatekeeperDoesNotTakeIsAFault(t *testing.T) {
	rego := "package x\n\nviolation contains {\"msg\": \"no\"} if false"
	good := template("Any", v1(rego))
	for name, tc := range map[string]struct{ manifests, want string }{
		"syntax":            {template("Any", v1("package x\n\nviolation contains")) + constraint("Any", "c", ""), `rules.yaml: ConstraintTemplate "any": `},
		"unknown function":  {template("Any", v1("package x\n\nviolation contains {\"msg\": \"no\"} if nowhere(1)")), "undefined function nowhere"},
		"network":           {template("Any", v1("package x\n\nviolation contains {\"msg\": \"no\"} if http.send({})")), "undefined function http.send"},
		"external data":     {template("Any", v1("package x\n\nviolation contains {\"msg\": \"no\"} if external_data({})")), "undefined function external_data"},
		"no violation":      {template("Any", v1("package x\n\ndeny := 1")), "missing required rules: [violation]"},
		"name and kind":     {strings.Replace(good, "name: any", "name: other", 1), `ConstraintTemplate "other": `},
		"unknown engine":    {template("Any", "    code: [{engine: Other, source: {}}]\n"), `ConstraintTemplate "any": `},
		"two templates":     {good + good, `ConstraintTemplate "any": appears twice`},
		"no constraints":    {good, "no constraints, so nothing would be judged"},
		"nothing":           {"", "no constraints, so nothing would be judged"},
		"no template":       {constraint("Any", "c", ""), `rules.yaml: Any "c": `},
		"two constraints":   {good + constraint("Any", "c", "") + constraint("Any", "c", ""), `Any "c": appears twice`},
		"long name":         {good + constraint("Any", strings.Repeat("c", 64), ""), "a name of more than 63 characters"},
		"unknown action":    {good + constraint("Any", "c", "enforcementAction: denied"), `"denied" is not within the supported list`},
		"unknown selector":  {good + constraint("Any", "c", "match: {labelSelector: {matchExpressions: [{key: a, operator: Is}]}}"), `Any "c": `},
		"no YAML":           {"a: b: c", "rules.yaml: document 1: "},
		"field twice":       {"kind: Pod\nkind: Pod", `key "kind" already set`},
		"wrong type":        {"apiVersion: templates.gatekeeper.sh/v1\nkind: ConstraintTemplate\nmetadata: {name: any}\nspec: {targets: 1}", `ConstraintTemplate "any": `},
		"unknown version":   {strings.Replace(good, "gatekeeper.sh/v1", "gatekeeper.sh/v9", 1), `ConstraintTemplate "any": no kind`},
		"config in no form": {good + constraint("Any", "c", "") + "---\n{apiVersion: config.gatekeeper.sh/v1alpha1, kind: Config, metadata: {name: c}, spec: {match: 1}}", `Config "c": `},
	} {
		s, a := load(t, tc.manifests)
		if a.Error == nil || a.Error.Kind != faultDecode || !strings.Contains(a.Error.Message, tc.want) {
			t.Errorf("%s: got %+v, want ...%s", name, a.Error, tc.want)
		}
		if a := review(t, s, `{}`); a.Error == nil || a.Error.Kind != faultUsage {
			t.Errorf("%s: something is judged all the same: %s", name, verdictOf(t, a))
		}
	}
}

func TestFilesAndFoldersAreReadInAllForms(t *testing.T) {
	list := `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"constraints.gatekeeper.sh/v1beta1","kind":"NoHostPID","metadata":{"name":"listed"}}]}`
	rules, _, _ := strings.Cut(noHostPID(), "---\n{")
	dir := folder(t, map[string]string{
		"a/template.yml": rules, "b.json": list, "readme.md": "no: manifest: at all", "values.yaml": "replicas: 1\n",
		"provider.yaml": "{apiVersion: externaldata.gatekeeper.sh/v1beta1, kind: Provider, metadata: {name: a}}",
	})
	named := folder(t, map[string]string{"constraint.txt": constraint("NoHostPID", "named", "")})
	s := &session{}
	a := ask(t, s, map[string]any{"id": 7, "op": "cluster", "cluster": map[string]any{"paths": []string{dir, named + "/constraint.txt"}}})
	if a.Error != nil || *a.ID != 7 {
		t.Fatal(a.Error)
	}
	want := "left aside, because they have no say in validation: 1 Provider, 1 documents without kind"
	if len(a.Notes) != 1 || a.Notes[0] != want {
		t.Errorf("notes %q", a.Notes)
	}
	if got := verdictOf(t, review(t, s, hostPID)); got != "[listed] no hostPID\n[named] no hostPID" {
		t.Errorf("got %s", got)
	}
	missing := ask(t, s, map[string]any{"id": 8, "op": "cluster", "cluster": map[string]any{"paths": []string{dir + "/nowhere"}}})
	if missing.Error == nil || !strings.Contains(missing.Error.Message, "nowhere") {
		t.Errorf("a missing file: %+v", missing.Error)
	}
}

// A control character that JSON leaves as it is makes no object one without kind.
func TestObjectsWithControlCharactersAreRead(t *testing.T) {
	rules := strings.Replace(noHostPID(), "no-host-pid}", "no-host-pid, annotations: {a: \"\\x7F\"}}", 1)
	if got := verdictOf(t, review(t, loaded(t, rules), hostPID)); got != "[no-host-pid] no hostPID" {
		t.Error(got)
	}
}

// data.inventory holds what a SyncSet or Config asks for, as an API server would show it, and nothing else.
func TestInventoryHoldsWhatIsSynced(t *testing.T) {
	rules := template("Any", v1("package x\n\nviolation contains {\"msg\": json.marshal(data.inventory)} if data.inventory.cluster")) +
		constraint("Any", "c", "")
	const group = "rbac.authorization.k8s.io"
	sync := syncSet(group + "/v1/ClusterRoleBinding")
	config := "---\n{apiVersion: config.gatekeeper.sh/v1alpha1, kind: Config, metadata: {name: config}, " +
		"spec: {sync: {syncOnly: [{group: rbac.authorization.k8s.io, version: v1, kind: ClusterRole}]}}}\n"
	objects := []string{
		`{"apiVersion":"rbac.authorization.k8s.io/v1beta1","kind":"ClusterRoleBinding","metadata":{"name":"b","namespace":"x"},
			"roleRef":{"kind":"ClusterRole","name":"r"},"subjects":[{"kind":"User"},{"kind":"ServiceAccount","name":"s","namespace":"n"}]}`,
		`{"apiVersion":"rbac.authorization.k8s.io/v1alpha1","kind":"ClusterRoleBinding","metadata":{"name":"everybody"},
			"roleRef":{"kind":"ClusterRole","name":"r"},"subjects":[{"apiVersion":"rbac.authorization.k8s.io/v1alpha1","kind":"User","name":"*"}]}`,
		`{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"r"},"rules":[{"verbs":["get"],"resourceNames":null}]}`,
		`{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r","namespace":"n"}}`,
	}
	if got := verdictOf(t, review(t, loaded(t, rules, objects...), `{}`)); got != "allowed" {
		t.Errorf("nothing is synced: %s", got)
	}
	_, text, _ := strings.Cut(verdictOf(t, review(t, loaded(t, rules+sync+config, objects...), `{}`)), "] ")
	got := struct {
		Cluster map[string]map[string]map[string]json.RawMessage
	}{}
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got.Cluster) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	ref := `"roleRef":{"apiGroup":"` + group + `","kind":"ClusterRole","name":"r"}`
	for kind, want := range map[string]map[string]string{
		"ClusterRole": {"r": `"rules":[{"verbs":["get"]}]`},
		"ClusterRoleBinding": {
			"b":         ref + `,"subjects":[{"apiGroup":"` + group + `","kind":"User","name":""},{"kind":"ServiceAccount","name":"s","namespace":"n"}]`,
			"everybody": ref + `,"subjects":[{"apiGroup":"` + group + `","kind":"Group","name":"system:authenticated"}]`,
		},
	} {
		held := got.Cluster[group+"/v1"][kind]
		if held["system:public-info-viewer"] == nil || len(held) != len(want)+1 { // which every API server has
			t.Errorf("%s: %s", kind, held)
		}
		for name, rest := range want {
			want := `{"apiVersion":"` + group + `/v1","kind":"` + kind + `","metadata":{"name":"` + name + `"},` + rest + `}`
			if string(held[name]) != want {
				t.Errorf("got  %s\nwant %s", held[name], want)
			}
		}
	}
	for object, want := range map[string]string{
		`{"metadata":{}}`: "objects[0]: ",
		`{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r"},"rules":1}`: "objects[0]: ",
	} {
		if _, a := load(t, rules, object); a.Error == nil || !strings.Contains(a.Error.Message, want) {
			t.Errorf("%s: %+v", object, a.Error)
		}
	}
}

// A ClusterRole that is aggregated has the rules that the controller of a cluster would have given it.
func TestAggregatedRolesHaveTheRulesOfOthers(t *testing.T) {
	role := func(name, labels, selectors, rules string) string {
		return `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"` + name + `","labels":{` + labels + `}},` +
			`"aggregationRule":{"clusterRoleSelectors":[` + selectors + `]},"rules":[` + rules + `]}`
	}
	a, b := `{"verbs":["a"]}`, `{"verbs":["b"]}`
	rules := template("Any", v1("package x\n\nviolation contains {\"msg\": json.marshal([verb | "+
		"some verb in data.inventory.cluster[\"rbac.authorization.k8s.io/v1\"].ClusterRole.outer.rules[_].verbs])}")) +
		constraint("Any", "c", "") + syncSet("rbac.authorization.k8s.io/v1/ClusterRole")
	for name, tc := range map[string]struct {
		objects []string
		want    string
	}{
		"selectors in their order": {[]string{role("outer", "", `{"matchLabels":{"k":"w"}},{"matchLabels":{"k":"v"}}`, ""), role("x", `"k":"v"`, "", a), role("y", `"k":"w"`, "", b)}, `["b","a"]`},
		"each rule once":           {[]string{role("outer", "", `{},{}`, ""), role("x", "", "", a), role("y", "", "", a+","+b)}, `["get","a","b"]`},
		"of aggregated ones":       {[]string{role("outer", "", `{"matchLabels":{"k":"v"}}`, ""), role("x", `"k":"v"`, `{"matchLabels":{"k":"w"}}`, ""), role("z", `"k":"w"`, "", a)}, `["a"]`},
		"stored ones stay":         {[]string{role("outer", "", `{}`, b), role("x", "", "", a)}, `["b"]`},
		"none":                     {[]string{role("outer", "", `{"matchLabels":{"k":"v"}}`, "")}, `[]`},
	} {
		if got := verdictOf(t, review(t, loaded(t, rules, tc.objects...), `{}`)); got != "[c] "+tc.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	bad := role("outer", "", `{"matchExpressions":[{"key":"k","operator":"Is"}]}`, "")
	if _, a := load(t, rules, bad); a.Error == nil || !strings.Contains(a.Error.Message, `ClusterRole "outer": aggregation: clusterRoleSelectors[0]: `) {
		t.Errorf("an invalid selector: %+v", a.Error)
	}
}

func TestLinesThatBreakTheProtocolAreFaults(t *testing.T) {
	pod := `"resource":{"version":"v1","resource":"pods"},"object":{}`
	for line, want := range map[string]string{
		``:                                   "request line: ",
		`[]`:                                 "request line: ",
		`{"id":1,"op":"validate","extra":1}`: `unknown field "extra"`,
		`{"op":"validate"}`:                  "id is missing",
		`{"id":1,"op":"admit","request":{}}`: `unknown operation "admit"`,
		`{"id":1,"op":"validate"}`:           "request: needed",
		`{"id":1,"op":"validate","cluster":{},"request":{}}`:                                                     "cluster: not part of",
		`{"id":1,"op":"validate","request":{"operation":"PATCH",` + pod + `}}`:                                   `unknown operation "PATCH"`,
		`{"id":1,"op":"validate","request":{"operation":"UPDATE",` + pod + `}}`:                                  "oldObject: missing",
		`{"id":1,"op":"validate","request":{"operation":"CREATE"}}`:                                              "resource: missing",
		`{"id":1,"op":"validate","request":{"operation":"CREATE","resource":{"resource":"pods"},"object":null}}`: "object: missing",
		`{"id":1,"op":"cluster"}`:                                        "cluster: needed",
		`{"id":1,"op":"cluster","cluster":{"paths":[]}}`:                 "cluster.paths: missing",
		`{"id":1,"op":"cluster","cluster":{"paths":["x"]},"request":{}}`: "request: not part of",
	} {
		s := loaded(t, noHostPID()) // a fault in a cluster line leaves none
		if a := s.answer([]byte(line)); a.Error == nil || a.Error.Kind != faultUsage || !strings.Contains(a.Error.Message, want) {
			t.Errorf("%s: got %+v, want ...%s", line, a.Error, want)
		}
	}
	bad := review(t, loaded(t, noHostPID()), `{}`, map[string]any{"object": json.RawMessage(`"x"`)})
	if bad.Error == nil || bad.Error.Kind != faultDecode || !strings.HasPrefix(bad.Error.Message, "object: ") {
		t.Errorf("an object that is a text: %+v", bad.Error)
	}
}
