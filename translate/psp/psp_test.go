// SPDX-License-Identifier: Apache-2.0

package psp

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	kjson "sigs.k8s.io/json"
)

// parse reads a policy that is complete except for what the test is about.
func parse(t *testing.T, metadata, spec string) *PodSecurityPolicy {
	t.Helper()
	p := &PodSecurityPolicy{}
	p.Name = "a"
	p.Spec.SELinux.Rule, p.Spec.RunAsUser.Rule = RunAsAny, RunAsAny
	p.Spec.SupplementalGroups.Rule, p.Spec.FSGroup.Rule = RunAsAny, RunAsAny
	for _, part := range []struct {
		text string
		into any
	}{{metadata, &p.ObjectMeta}, {spec, &p.Spec}} {
		if part.text == "" {
			continue
		}
		if strict, err := kjson.UnmarshalStrict([]byte(part.text), part.into); err != nil || strict != nil {
			t.Fatal(err, strict)
		}
	}
	return p
}

func TestDefaultAllowsPrivilegeEscalationOnlyWhereUnset(t *testing.T) {
	for spec, want := range map[string]bool{
		`{}`:                                  true,
		`{"allowPrivilegeEscalation": null}`:  true,
		`{"allowPrivilegeEscalation": true}`:  true,
		`{"allowPrivilegeEscalation": false}`: false,
	} {
		p := parse(t, "", spec)
		before := *p
		Default(p)
		if *p.Spec.AllowPrivilegeEscalation != want {
			t.Errorf("%s: got %v", spec, !want)
		}
		p.Spec.AllowPrivilegeEscalation, before.Spec.AllowPrivilegeEscalation = nil, nil
		if diff := cmp.Diff(&before, p); diff != "" {
			t.Errorf("%s: something else changed:\n%s", spec, diff)
		}
	}
}

// What is read is written again with the same names, and nothing is invented: the evaluators read this JSON.
func TestPolicyKeepsEveryFieldOfTheAPI(t *testing.T) {
	const full = `{"kind":"PodSecurityPolicy","apiVersion":"policy/v1beta1","metadata":{"name":"a","annotations":{"k":"v"}},` +
		`"spec":{"privileged":true,"defaultAddCapabilities":["A"],"requiredDropCapabilities":["B"],"allowedCapabilities":["*"],` +
		`"volumes":["secret"],"hostNetwork":true,"hostPorts":[{"min":0,"max":65535}],"hostPID":true,"hostIPC":true,` +
		`"seLinux":{"rule":"MustRunAs","seLinuxOptions":{"user":"u","role":"r","type":"t","level":"l"}},` +
		`"runAsUser":{"rule":"MustRunAs","ranges":[{"min":1,"max":9223372036854775807}]},` +
		`"runAsGroup":{"rule":"MayRunAs","ranges":[{"min":1,"max":2}]},` +
		`"supplementalGroups":{"rule":"MayRunAs","ranges":[{"min":1,"max":2}]},` +
		`"fsGroup":{"rule":"MustRunAs","ranges":[{"min":1,"max":2}]},"readOnlyRootFilesystem":true,` +
		`"defaultAllowPrivilegeEscalation":false,"allowPrivilegeEscalation":false,` +
		`"allowedHostPaths":[{"pathPrefix":"/a","readOnly":true}],"allowedFlexVolumes":[{"driver":"d"}],` +
		`"allowedCSIDrivers":[{"name":"n"}],"allowedUnsafeSysctls":["a"],"forbiddenSysctls":["b"],` +
		`"allowedProcMountTypes":["Unmasked"],` +
		`"runtimeClass":{"allowedRuntimeClassNames":["x"],"defaultRuntimeClassName":"x"}}}`
	var p PodSecurityPolicy
	if strict, err := kjson.UnmarshalStrict([]byte(full), &p); err != nil || strict != nil {
		t.Fatal(err, strict)
	}
	got, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(full, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestUnusablePoliciesAreThoseWhoseStrategiesCannotBeBuilt(t *testing.T) {
	const someRange = `"ranges": [{"min": 1, "max": 2}]`
	for name, tc := range map[string]struct {
		spec, want string
	}{
		"complete":                       {`{}`, ""},
		"user without ranges":            {`{"runAsUser": {"rule": "MustRunAs"}}`, "spec.runAsUser is MustRunAs without ranges"},
		"user with empty ranges":         {`{"runAsUser": {"rule": "MustRunAs", "ranges": []}}`, "spec.runAsUser is MustRunAs without ranges"},
		"user with a backward range":     {`{"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 2, "max": 1}]}}`, ""},
		"user not root":                  {`{"runAsUser": {"rule": "MustRunAsNonRoot"}}`, ""},
		"user may":                       {`{"runAsUser": {"rule": "MayRunAs", ` + someRange + `}}`, `spec.runAsUser has the unknown rule "MayRunAs"`},
		"user in another case":           {`{"runAsUser": {"rule": "runAsAny"}}`, `spec.runAsUser has the unknown rule "runAsAny"`},
		"no user rule":                   {`{"runAsUser": {"rule": ""}}`, "spec.runAsUser has no rule"},
		"group absent":                   {`{"runAsGroup": null}`, ""},
		"group empty":                    {`{"runAsGroup": {}}`, "spec.runAsGroup has no rule"},
		"group any with ranges":          {`{"runAsGroup": {"rule": "RunAsAny", ` + someRange + `}}`, ""},
		"group must without ranges":      {`{"runAsGroup": {"rule": "MustRunAs"}}`, "spec.runAsGroup is MustRunAs without ranges"},
		"group may without ranges":       {`{"runAsGroup": {"rule": "MayRunAs"}}`, "spec.runAsGroup is MayRunAs without ranges"},
		"group may":                      {`{"runAsGroup": {"rule": "MayRunAs", ` + someRange + `}}`, ""},
		"group not root":                 {`{"runAsGroup": {"rule": "MustRunAsNonRoot"}}`, `spec.runAsGroup has the unknown rule "MustRunAsNonRoot"`},
		"fsGroup empty":                  {`{"fsGroup": {"rule": ""}}`, "spec.fsGroup has no rule"},
		"fsGroup must without ranges":    {`{"fsGroup": {"rule": "MustRunAs"}}`, "spec.fsGroup is MustRunAs without ranges"},
		"fsGroup may without ranges":     {`{"fsGroup": {"rule": "MayRunAs"}}`, "spec.fsGroup is MayRunAs without ranges"},
		"fsGroup must":                   {`{"fsGroup": {"rule": "MustRunAs", ` + someRange + `}}`, ""},
		"supplementalGroups without":     {`{"supplementalGroups": {"rule": "MayRunAs"}}`, "spec.supplementalGroups is MayRunAs without ranges"},
		"supplementalGroups may":         {`{"supplementalGroups": {"rule": "MayRunAs", ` + someRange + `}}`, ""},
		"supplementalGroups not root":    {`{"supplementalGroups": {"rule": "x"}}`, `spec.supplementalGroups has the unknown rule "x"`},
		"seLinux without options":        {`{"seLinux": {"rule": "MustRunAs"}}`, "spec.seLinux is MustRunAs without seLinuxOptions"},
		"seLinux with empty options":     {`{"seLinux": {"rule": "MustRunAs", "seLinuxOptions": {}}}`, ""},
		"seLinux may":                    {`{"seLinux": {"rule": "MayRunAs", "seLinuxOptions": {}}}`, `spec.seLinux has the unknown rule "MayRunAs"`},
		"seLinux any with other options": {`{"seLinux": {"rule": "RunAsAny", "seLinuxOptions": {}}}`, ""},
		"several": {`{"seLinux": {"rule": "MustRunAs"}, "fsGroup": {"rule": ""}}`,
			"spec.seLinux is MustRunAs without seLinuxOptions; spec.fsGroup has no rule"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Unusable(parse(t, "", tc.spec))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVolumeTypesAreInOrder(t *testing.T) {
	if types := VolumeTypes(); !slices.IsSorted(types) || len(slices.Compact(types)) != 29 {
		t.Errorf("%d types: %v", len(types), types)
	}
}
