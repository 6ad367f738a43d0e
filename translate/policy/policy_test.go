// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"

	"psp2rego/translate/psp"
)

// Each txtar file holds psp.yaml and the module that it becomes. UPDATE=1 writes the modules anew.
func TestModuleOfAPolicy(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := module(t, archive.Files[0].Data)
			if os.Getenv("UPDATE") != "" {
				archive.Files = append(archive.Files[:1], txtar.File{Name: "policy.rego", Data: got})
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(archive.Files[1].Data), string(got)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func module(t *testing.T, text []byte) []byte {
	t.Helper()
	var p psp.PodSecurityPolicy
	if err := yaml.UnmarshalStrict(text, &p); err != nil {
		t.Fatal(err)
	}
	psp.Default(&p)
	got, err := Module(&p, Source{File: "psp.yaml", SHA256: "0", Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A field of the API that no check reads would be lost without a word.
func TestEveryFieldHasACheck(t *testing.T) {
	read := map[string]bool{}
	for _, c := range checks {
		for _, field := range c.fields {
			if read[field] {
				t.Errorf("two checks read %s", field)
			}
			read[field] = true
		}
	}
	want := map[string]bool{
		psp.SeccompAllowedProfiles: true, psp.SeccompDefaultProfile: true, psp.AppArmorAllowedProfiles: true, psp.AppArmorDefaultProfile: true,
	}
	spec := reflect.TypeFor[psp.PodSecurityPolicySpec]()
	for i := range spec.NumField() {
		name, _, _ := strings.Cut(spec.Field(i).Tag.Get("json"), ",")
		want[name] = true
	}
	if diff := cmp.Diff(want, read); diff != "" {
		t.Errorf("fields of the API -, of the checks +:\n%s", diff)
	}
}

// One check is one file here and one package of the Rego library.
func TestEveryCheckHasItsFiles(t *testing.T) {
	for _, c := range checks {
		for _, path := range []string{c.name + ".go", "../../rego/lib/psp/" + c.name + "/" + c.name + ".rego"} {
			if _, err := os.Stat(path); err != nil {
				t.Error(err)
			}
		}
	}
}

// Rules of one name are an or, so that a second one would allow what the first refuses; one that accepts does not ask for refuses nothing.
func TestEveryPermitIsAskedForOnce(t *testing.T) {
	for _, name := range []string{"restricted.txtar", "odd.txtar", "non_root.txtar"} {
		archive, err := txtar.ParseFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		m := ast.MustParseModuleWithOpts(string(module(t, archive.Files[0].Data)), ast.ParserOptions{RegoVersion: ast.RegoV1})
		var permits, asked []string
		for _, rule := range m.Rules {
			switch ref := rule.Head.Ref(); {
			case len(ref) == 2 && ref[0].Value.Compare(ast.Var("permits")) == 0:
				permits = append(permits, string(ref[1].Value.(ast.String)))
			case rule.Head.Name == "accepts":
				every := rule.Body[len(rule.Body)-1].Terms.(*ast.Every)
				fields := every.Domain.Value.(ast.Call)[2].Value.(ast.Set)
				fields.Foreach(func(field *ast.Term) { asked = append(asked, string(field.Value.(ast.String))) })
			}
		}
		slices.Sort(permits)
		slices.Sort(asked)
		if len(permits) < 8 {
			t.Errorf("%s: only %v are asked for", name, permits)
		}
		if diff := cmp.Diff(permits, asked); diff != "" {
			t.Errorf("%s: permits -, fields that accepts asks for +:\n%s", name, diff)
		}
	}
}

func TestUnusablePolicyAcceptsNothing(t *testing.T) {
	text := module(t, []byte("metadata: {name: p}\nspec: {runAsUser: {rule: MustRunAs}, seLinux: {rule: RunAsAny}, fsGroup: {rule: RunAsAny}, supplementalGroups: {rule: RunAsAny}}"))
	m := ast.MustParseModuleWithOpts(string(text), ast.ParserOptions{RegoVersion: ast.RegoV1})
	var names []string
	for _, rule := range m.Rules {
		names = append(names, rule.Head.Ref().String())
	}
	if diff := cmp.Diff([]string{"provider", "unusable"}, names); diff != "" {
		t.Error(diff)
	}
}

// What a policy says stays data: the module has the rules of a harmless policy, and the package of the policy's name.
func TestHostileStringsNeverBecomeRego(t *testing.T) {
	hostile := []string{
		"x\n\naccepts if true\n", "\"] } accepts := true #", "`", "\\", "\x00\x07", "\u2028\u2029\ufeff", "{{", "${x}", `$"{x}"`, "*/", "default", "not",
		strings.Repeat("a", 253), "#\r\n", "\u202eevil", "import data.x",
	}
	harmless := rules(t, hostilePolicy("x"), "x")
	for _, s := range hostile {
		p := hostilePolicy(s)
		if _, err := Module(p, Source{}); err != nil {
			p.Name = "x" // the formatter cannot write some control characters in a package name: refused, never mangled
		}
		if diff := cmp.Diff(harmless, rules(t, p, s)); diff != "" {
			t.Errorf("%q: rules of a harmless policy -, of this one +:\n%s", s, diff)
		}
	}
}

func hostilePolicy(s string) *psp.PodSecurityPolicy {
	p := &psp.PodSecurityPolicy{Spec: psp.PodSecurityPolicySpec{
		RunAsUser: psp.RunAsUserStrategyOptions{Rule: psp.RunAsAny}, FSGroup: psp.FSGroupStrategyOptions{Rule: psp.RunAsAny},
		SupplementalGroups: psp.SupplementalGroupsStrategyOptions{Rule: psp.RunAsAny},
		SELinux:            psp.SELinuxStrategyOptions{Rule: psp.MustRunAs, SELinuxOptions: &psp.SELinuxOptions{User: s, Level: s}},
		Volumes:            []psp.FSType{psp.FSType(s), "hostPath", "csi", "flexVolume"},
		AllowedHostPaths:   []psp.AllowedHostPath{{PathPrefix: s}}, AllowedFlexVolumes: []psp.AllowedFlexVolume{{Driver: s}},
		AllowedCSIDrivers: []psp.AllowedCSIDriver{{Name: s}}, AllowedCapabilities: []psp.Capability{psp.Capability(s)},
		RequiredDropCapabilities: []psp.Capability{psp.Capability(s)}, ForbiddenSysctls: []string{s}, AllowedUnsafeSysctls: []string{s},
		AllowedProcMountTypes: []psp.ProcMountType{psp.ProcMountType(s), "Default"},
		RuntimeClass:          &psp.RuntimeClassStrategyOptions{AllowedRuntimeClassNames: []string{s}, DefaultRuntimeClassName: &s},
	}}
	p.Name = s
	p.Annotations = map[string]string{
		psp.SeccompAllowedProfiles: s + ",x", psp.SeccompDefaultProfile: "x", psp.AppArmorAllowedProfiles: s + ",x", psp.AppArmorDefaultProfile: "x",
		"other\n": s,
	}
	psp.Default(p)
	return p
}

func rules(t *testing.T, p *psp.PodSecurityPolicy, name string) []string {
	t.Helper()
	text, err := Module(p, Source{File: name, SHA256: name, Version: name})
	if err != nil {
		t.Fatalf("%q: %v", name, err)
	}
	m, err := ast.ParseModuleWithOpts("p.rego", string(text), ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true})
	if err != nil {
		t.Fatalf("%q: %v", name, err)
	}
	if got := m.Package.Path[len(m.Package.Path)-1].Value; got.Compare(ast.String(p.Name)) != 0 {
		t.Errorf("package of %q is %s", p.Name, got)
	}
	if !bytes.Equal(text, again(t, p, name)) {
		t.Errorf("%q: two runs differ", name)
	}
	var names []string
	for _, rule := range m.Rules {
		names = append(names, rule.Head.Ref().String())
	}
	slices.Sort(names)
	return names
}

func again(t *testing.T, p *psp.PodSecurityPolicy, name string) []byte {
	t.Helper()
	text, err := Module(p, Source{File: name, SHA256: name, Version: name})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
