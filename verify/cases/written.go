// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"bytes"
	"encoding/json"
)

// written is the policy as a manifest or a dump may write it: what is absent perhaps as null, as
// an empty list or as false, with the metadata that an API server adds. It means the same policy.
func (g *gen) written(p *Policy) json.RawMessage {
	data := raw(p)
	if !g.chance(0.3) {
		return data
	}
	o := Object{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // ids go beyond 2^53
	if err := decoder.Decode(&o); err != nil {
		panic(err) // what was just encoded
	}
	spec := member(o, "spec")
	for _, key := range some(g, 1, 4, optionalLists()...) {
		if _, ok := spec[key]; !ok {
			spec[key] = pick[any](g, nil, []any{})
		}
	}
	for _, key := range some(g, 0, 2, "privileged", "hostNetwork", "hostPID", "hostIPC", "readOnlyRootFilesystem") {
		if _, ok := spec[key]; !ok {
			spec[key] = pick[any](g, nil, false)
		}
	}
	for _, key := range some(g, 0, 2, "runAsGroup", "runtimeClass", "allowPrivilegeEscalation", "defaultAllowPrivilegeEscalation") {
		if _, ok := spec[key]; !ok {
			spec[key] = nil
		}
	}
	for _, key := range []string{"runAsUser", "fsGroup", "supplementalGroups", "seLinux"} {
		strategy := member(spec, key)
		switch {
		case len(strategy) == 1 && strategy["rule"] == "" && g.chance(0.7): // absent, with the same meaning
			delete(spec, key)
		case key == "seLinux" && strategy["seLinuxOptions"] == nil && g.chance(0.3):
			strategy["seLinuxOptions"] = nil
		case key != "seLinux" && strategy["ranges"] == nil && g.chance(0.3):
			strategy["ranges"] = pick[any](g, nil, []any{})
		}
	}
	if g.chance(0.5) {
		g.stored(member(o, "metadata"))
	}
	return raw(o)
}

func optionalLists() []string {
	return []string{
		"allowedCSIDrivers", "allowedCapabilities", "allowedFlexVolumes", "allowedHostPaths", "allowedProcMountTypes",
		"allowedUnsafeSysctls", "defaultAddCapabilities", "forbiddenSysctls", "hostPorts", "requiredDropCapabilities", "volumes",
	}
}

// stored adds what dumps of a cluster have in an object's metadata.
func (g *gen) stored(m Object) {
	fields := []Object{
		{"uid": "5d2f2a1e-0001", "resourceVersion": "17", "creationTimestamp": "2021-01-01T00:00:00Z"},
		{"creationTimestamp": nil},
		{"generation": 3, "selfLink": "/apis/policy/v1beta1/podsecuritypolicies/p"},
		{"managedFields": []any{Object{"manager": "kubectl", "operation": "Apply"}}},
		{"labels": pick[any](g, nil, Object{}, Object{"app": "psp"})},
		{"finalizers": []any{"example.com/hold"}, "deletionTimestamp": "2021-01-02T00:00:00Z"},
		{"namespace": "default"}, // cleared by the API server
		{"ownerReferences": []any{g.owner()}},
	}
	for _, f := range some(g, 1, 3, fields...) {
		merge(m, f)
	}
	if annotations, ok := m["annotations"].(Object); ok && g.chance(0.5) {
		annotations[pick(g, "kubectl.kubernetes.io/last-applied-configuration", "seccomp.security.alpha.kubernetes.io/other")] = "{\"kind\":\"x\"}\n"
	} else if !ok {
		m["annotations"] = nil
	}
}
