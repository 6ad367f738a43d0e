// SPDX-License-Identifier: Apache-2.0

package psp

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"psp2rego/translate/diagnostic"
)

// problem is what a row expects: the place and the code, in the order of Validate.
type problem struct{ field, code string }

func check(t *testing.T, rows map[string]row) {
	t.Helper()
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			p := parse(t, r.metadata, r.spec)
			Default(p)
			var got []problem
			for _, found := range Validate(p) {
				got = append(got, problem{found.Field, found.Code})
				if found.Message == "" || strings.ContainsAny(found.Message+found.Hint, "\n") {
					t.Errorf("%s: message %q, hint %q", found.Field, found.Message, found.Hint)
				}
			}
			if diff := cmp.Diff(r.want, got, cmp.AllowUnexported(problem{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// row is a policy and what is wrong with it.
type row struct {
	metadata, spec string
	want           []problem
}

func spec(text string, want ...problem) row     { return row{"", text, want} }
func metadata(text string, want ...problem) row { return row{text, "", want} }

func TestNamesLabelsAndAnnotationKeys(t *testing.T) {
	name := problem{"metadata.name", diagnostic.InvalidName}
	check(t, map[string]row{
		"name with dots":     metadata(`{"name": "a.b-c.0"}`),
		"longest name":       metadata(`{"name": "` + strings.Repeat("a", 253) + `"}`),
		"name too long":      metadata(`{"name": "`+strings.Repeat("a", 254)+`"}`, name),
		"name in capitals":   metadata(`{"name": "A"}`, name),
		"name with underbar": metadata(`{"name": "a_b"}`, name),
		"name with colon":    metadata(`{"name": "a:b"}`, name),
		"name ends in dash":  metadata(`{"name": "a-"}`, name),
		"labels":             metadata(`{"labels": {"a.b/c": "D_e"}}`),
		"label key":          metadata(`{"labels": {"a b": ""}}`, problem{"metadata.labels[a b]", diagnostic.InvalidMetadata}),
		"label value":        metadata(`{"labels": {"a": "b c"}}`, problem{"metadata.labels[a]", diagnostic.InvalidMetadata}),
		"annotation":         metadata(`{"annotations": {"A.b/c": "anything at all"}}`),
		"annotation key":     metadata(`{"annotations": {"a/b/c": ""}}`, problem{"metadata.annotations[a/b/c]", diagnostic.InvalidMetadata}),
	})
}

func TestProfilesInAnnotations(t *testing.T) {
	annotation := func(key, value string, bad ...string) row {
		r := row{metadata: `{"annotations": {"` + key + `": "` + value + `"}}`}
		for range bad {
			code := diagnostic.SeccompProfile
			if strings.HasPrefix(key, "apparmor") {
				code = diagnostic.AppArmorProfile
			}
			r.want = append(r.want, problem{"metadata.annotations[" + key + "]", code})
		}
		return r
	}
	check(t, map[string]row{
		"seccomp default":                annotation(SeccompDefaultProfile, "runtime/default"),
		"seccomp docker":                 annotation(SeccompDefaultProfile, "docker/default"),
		"seccomp unconfined":             annotation(SeccompDefaultProfile, "unconfined"),
		"seccomp localhost":              annotation(SeccompDefaultProfile, "localhost/a/b..c"),
		"seccomp localhost nothing":      annotation(SeccompDefaultProfile, "localhost/"),
		"seccomp localhost absolute":     annotation(SeccompDefaultProfile, "localhost//a", "x"),
		"seccomp localhost upwards":      annotation(SeccompDefaultProfile, "localhost/a/../b", "x"),
		"seccomp default empty":          annotation(SeccompDefaultProfile, ""),
		"seccomp default star":           annotation(SeccompDefaultProfile, "*", "x"),
		"seccomp default list":           annotation(SeccompDefaultProfile, "unconfined,unconfined", "x"),
		"seccomp list":                   annotation(SeccompAllowedProfiles, "*,runtime/default,localhost/*"),
		"seccomp list empty":             annotation(SeccompAllowedProfiles, ""),
		"seccomp list with a blank":      annotation(SeccompAllowedProfiles, "unconfined, runtime/default", "x"),
		"seccomp list with empty ends":   annotation(SeccompAllowedProfiles, ",*,", "x", "x"),
		"apparmor default":               annotation(AppArmorDefaultProfile, "runtime/default"),
		"apparmor unconfined":            annotation(AppArmorDefaultProfile, "unconfined"),
		"apparmor localhost":             annotation(AppArmorDefaultProfile, "localhost//../x"),
		"apparmor default empty":         annotation(AppArmorDefaultProfile, ""),
		"apparmor docker":                annotation(AppArmorDefaultProfile, "docker/default", "x"),
		"apparmor list":                  annotation(AppArmorAllowedProfiles, "runtime/default,localhost/x"),
		"apparmor list empty":            annotation(AppArmorAllowedProfiles, ""),
		"apparmor list with empty ends":  annotation(AppArmorAllowedProfiles, ",unconfined,"),
		"apparmor list star":             annotation(AppArmorAllowedProfiles, "*", "x"),
		"apparmor list with blanks, bad": annotation(AppArmorAllowedProfiles, "a, unconfined", "x", "x"),
	})
}

func TestRulesAndRanges(t *testing.T) {
	rule := func(field string) problem { return problem{"spec." + field + ".rule", diagnostic.UnknownRule} }
	at := func(field string) problem { return problem{"spec." + field, diagnostic.InvalidRange} }
	group := problem{"spec.runAsGroup.ranges", diagnostic.GroupRanges}
	rows := map[string]row{
		"seLinux must without options": spec(`{"seLinux": {"rule": "MustRunAs"}}`),
		"seLinux not root":             spec(`{"seLinux": {"rule": "MustRunAsNonRoot"}}`, rule("seLinux")),
		"seLinux missing":              spec(`{"seLinux": {"rule": ""}}`, rule("seLinux")),
		"user not root":                spec(`{"runAsUser": {"rule": "MustRunAsNonRoot"}}`),
		"user must without ranges":     spec(`{"runAsUser": {"rule": "MustRunAs"}}`),
		"user may":                     spec(`{"runAsUser": {"rule": "MayRunAs"}}`, rule("runAsUser")),
		"user missing":                 spec(`{"runAsUser": {"rule": ""}}`, rule("runAsUser")),
		"runAsGroup absent":            spec(`{"runAsGroup": null}`),
		"runAsGroup any":               spec(`{"runAsGroup": {"rule": "RunAsAny"}}`),
		"runAsGroup any with ranges":   spec(`{"runAsGroup": {"rule": "RunAsAny", "ranges": [{"min": 5, "max": 1}]}}`, group),
		"runAsGroup must without":      spec(`{"runAsGroup": {"rule": "MustRunAs"}}`, group),
		"runAsGroup may without":       spec(`{"runAsGroup": {"rule": "MayRunAs", "ranges": []}}`, group),
		"runAsGroup may":               spec(`{"runAsGroup": {"rule": "MayRunAs", "ranges": [{"min": 1, "max": 1}]}}`),
		"runAsGroup must, backwards":   spec(`{"runAsGroup": {"rule": "MustRunAs", "ranges": [{"min": 2, "max": 1}]}}`, at("runAsGroup.ranges[0].min")),
		"runAsGroup missing":           spec(`{"runAsGroup": {"ranges": [{"min": 2, "max": 1}]}}`, rule("runAsGroup")),
	}
	for _, field := range []string{"supplementalGroups", "fsGroup"} {
		rows[field+" may without ranges"] = spec(`{"` + field + `": {"rule": "MayRunAs"}}`)
		rows[field+" must without ranges"] = spec(`{"` + field + `": {"rule": "MustRunAs"}}`)
		rows[field+" not root"] = spec(`{"`+field+`": {"rule": "MustRunAsNonRoot"}}`, rule(field))
		rows[field+" missing"] = spec(`{"`+field+`": {"rule": ""}}`, rule(field))
	}
	for _, field := range []string{"runAsUser", "supplementalGroups", "fsGroup"} {
		rows[field+" good ranges"] = spec(`{"` + field + `": {"rule": "RunAsAny", "ranges": [{"min": 0, "max": 0}, {"min": 0, "max": 9}]}}`)
		rows[field+" bad ranges"] = spec(
			`{"`+field+`": {"rule": "RunAsAny", "ranges": [{"min": 0, "max": 1}, {"min": -1, "max": 1}, {"min": -1, "max": -2}, {"min": 2, "max": 1}]}}`,
			at(field+".ranges[1].min"),
			at(field+".ranges[2].min"), at(field+".ranges[2].max"), at(field+".ranges[2].min"),
			at(field+".ranges[3].min"))
	}
	check(t, rows)
}

func TestListsThatLimitVolumes(t *testing.T) {
	path := func(i string) problem {
		return problem{"spec.allowedHostPaths[" + i + "].pathPrefix", diagnostic.InvalidHostPath}
	}
	driver := problem{"spec.allowedCSIDrivers[0].name", diagnostic.InvalidCSIDriver}
	check(t, map[string]row{
		"all volumes":             spec(`{"volumes": ["*", "secret", "cephFS", "storageos", "ephemeral"]}`),
		"unknown volumes":         spec(`{"volumes": ["none", "secret", "cephfs"]}`, problem{"spec.volumes[0]", diagnostic.UnknownVolume}, problem{"spec.volumes[2]", diagnostic.UnknownVolume}),
		"paths":                   spec(`{"allowedHostPaths": [{"pathPrefix": "/a"}, {"pathPrefix": "b/"}, {"pathPrefix": "/..a"}]}`),
		"paths upwards":           spec(`{"allowedHostPaths": [{"pathPrefix": "../.."}, {"pathPrefix": "/a/.."}]}`, path("0"), path("1")),
		"checks stop after empty": spec(`{"allowedHostPaths": [{"pathPrefix": "/.."}, {}, {"pathPrefix": "/.."}]}`, path("0"), path("1")),
		"flex driver":             spec(`{"allowedFlexVolumes": [{"driver": "any thing"}]}`),
		"flex without driver":     spec(`{"allowedFlexVolumes": [{"driver": "a"}, {}]}`, problem{"spec.allowedFlexVolumes[1].driver", diagnostic.InvalidFlexVolume}),
		"csi driver":              spec(`{"allowedCSIDrivers": [{"name": "Secrets-Store.csi.K8s.io"}, {"name": "` + strings.Repeat("a", 63) + `"}]}`),
		"csi empty":               spec(`{"allowedCSIDrivers": [{"name": ""}]}`, driver),
		"csi too long":            spec(`{"allowedCSIDrivers": [{"name": "`+strings.Repeat("a", 64)+`"}]}`, driver),
		"csi underbar":            spec(`{"allowedCSIDrivers": [{"name": "a_b"}]}`, driver),
	})
}

func TestPrivileges(t *testing.T) {
	conflict := func(field string) problem { return problem{"spec." + field, diagnostic.CapabilityConflict} }
	escalation := problem{"spec.defaultAllowPrivilegeEscalation", diagnostic.EscalationConflict}
	check(t, map[string]row{
		"capabilities of any name":   spec(`{"allowedCapabilities": ["x y", ""], "requiredDropCapabilities": ["ALL"]}`),
		"star without drops":         spec(`{"allowedCapabilities": ["*"]}`),
		"star with drops":            spec(`{"allowedCapabilities": ["*"], "requiredDropCapabilities": ["A"]}`, conflict("requiredDropCapabilities")),
		"added star with drops":      spec(`{"defaultAddCapabilities": ["*"], "requiredDropCapabilities": ["A"]}`),
		"dropped and added":          spec(`{"defaultAddCapabilities": ["B", "A"], "requiredDropCapabilities": ["A"]}`, conflict("defaultAddCapabilities[1]")),
		"dropped and allowed":        spec(`{"allowedCapabilities": ["A"], "requiredDropCapabilities": ["A"]}`, conflict("allowedCapabilities[0]")),
		"case matters":               spec(`{"allowedCapabilities": ["a"], "requiredDropCapabilities": ["A"]}`),
		"default escalation":         spec(`{"defaultAllowPrivilegeEscalation": true}`),
		"no default escalation":      spec(`{"defaultAllowPrivilegeEscalation": false, "allowPrivilegeEscalation": false}`),
		"contradiction":              spec(`{"defaultAllowPrivilegeEscalation": true, "allowPrivilegeEscalation": false}`, escalation),
		"privileged, no escalation":  spec(`{"privileged": true, "allowPrivilegeEscalation": false}`),
		"procMount":                  spec(`{"allowedProcMountTypes": ["Unmasked", "Default"]}`),
		"unknown procMount":          spec(`{"allowedProcMountTypes": ["Default", "masked"]}`, problem{"spec.allowedProcMountTypes[1]", diagnostic.InvalidProcMount}),
		"host ports of any numbers":  spec(`{"hostPorts": [{"min": 5, "max": -1}, {"min": 70000, "max": 1}]}`),
		"host namespaces of any mix": spec(`{"hostPID": true, "hostIPC": true, "hostNetwork": true}`),
	})
}

func TestSysctls(t *testing.T) {
	const allowed, forbidden = "spec.allowedUnsafeSysctls", "spec.forbiddenSysctls"
	bad := func(field string) problem { return problem{field, diagnostic.InvalidSysctl} }
	overlap := func(field string) problem { return problem{field, diagnostic.SysctlOverlap} }
	lists := func(a, f string, want ...problem) row {
		return spec(`{"allowedUnsafeSysctls": [`+a+`], "forbiddenSysctls": [`+f+`]}`, want...)
	}
	check(t, map[string]row{
		"names and patterns":     lists(`"a.b-c_d", "kernel.*", "net.a*", "x"`, ``),
		"star":                   lists(`"*"`, ``),
		"longest":                lists(`"`+strings.Repeat("a", 253)+`"`, ``),
		"too long":               lists(`"`+strings.Repeat("a", 254)+`"`, ``, bad(allowed+"[0]")),
		"empty":                  lists(``, `"a", ""`, bad(forbidden+"[1]")),
		"slash":                  lists(`"net/ipv4"`, ``, bad(allowed+"[0]")),
		"inner star":             lists(`"net.*.a"`, ``, bad(allowed+"[0]")),
		"capitals":               lists(``, `"Net.a"`, bad(forbidden+"[0]")),
		"dots in a row":          lists(`"a..b"`, ``, bad(allowed+"[0]")),
		"dot at the end":         lists(`"a."`, ``, bad(allowed+"[0]")),
		"star among others":      lists(``, `"a", "*"`, problem{forbidden, diagnostic.SysctlWildcard}),
		"two stars":              lists(``, `"*", "*"`, problem{forbidden, diagnostic.SysctlWildcard}),
		"same name":              lists(`"b", "a"`, `"a"`, overlap(allowed+"[1]")),
		"same pattern":           lists(`"a.*"`, `"a.*"`, overlap(allowed+"[0]")),
		"forbidden is wider":     lists(`"a.b.*"`, `"a.*"`, overlap(allowed+"[0]")),
		"allowed is wider":       lists(`"a.*"`, `"b", "a.b.*"`, overlap(forbidden+"[1]")),
		"allowed pattern, name":  lists(`"a.*"`, `"a.b"`, overlap(forbidden+"[0]")),
		"forbidden pattern":      lists(`"c", "a.b"`, `"a.*"`, overlap(allowed+"[1]")),
		"pattern without prefix": lists(`"a*"`, `"b.*", "ba"`),
		"prefix of a name":       lists(`"a.b"`, `"a"`),
		"star overlaps all":      lists(`"*"`, `"a", "b*"`, overlap(forbidden+"[0]"), overlap(forbidden+"[1]")),
	})
}

func TestRuntimeClasses(t *testing.T) {
	at := func(field string) problem { return problem{"spec.runtimeClass." + field, diagnostic.RuntimeClass} }
	check(t, map[string]row{
		"absent":                spec(`{"runtimeClass": null}`),
		"none allowed":          spec(`{"runtimeClass": {"allowedRuntimeClassNames": []}}`),
		"names":                 spec(`{"runtimeClass": {"allowedRuntimeClassNames": ["a.b", "c"], "defaultRuntimeClassName": "c"}}`),
		"star":                  spec(`{"runtimeClass": {"allowedRuntimeClassNames": ["*"], "defaultRuntimeClassName": "c"}}`),
		"star among others":     spec(`{"runtimeClass": {"allowedRuntimeClassNames": ["a", "*"]}}`, at("allowedRuntimeClassNames")),
		"bad name":              spec(`{"runtimeClass": {"allowedRuntimeClassNames": ["a", "B"]}}`, at("allowedRuntimeClassNames[1]")),
		"empty name":            spec(`{"runtimeClass": {"allowedRuntimeClassNames": [""]}}`, at("allowedRuntimeClassNames[0]")),
		"twice":                 spec(`{"runtimeClass": {"allowedRuntimeClassNames": ["a", "b", "a"]}}`, at("allowedRuntimeClassNames[2]")),
		"default not allowed":   spec(`{"runtimeClass": {"allowedRuntimeClassNames": ["a"], "defaultRuntimeClassName": "b"}}`, at("defaultRuntimeClassName")),
		"default is no name":    spec(`{"runtimeClass": {"allowedRuntimeClassNames": ["*"], "defaultRuntimeClassName": "B"}}`, at("defaultRuntimeClassName")),
		"default is empty":      spec(`{"runtimeClass": {"allowedRuntimeClassNames": ["a"], "defaultRuntimeClassName": ""}}`, at("defaultRuntimeClassName"), at("defaultRuntimeClassName")),
		"default without names": spec(`{"runtimeClass": {"defaultRuntimeClassName": "a"}}`, at("defaultRuntimeClassName")),
	})
}
