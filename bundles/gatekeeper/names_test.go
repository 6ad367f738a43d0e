// SPDX-License-Identifier: Apache-2.0

package gatekeeper

import (
	"strings"
	"testing"

	"psp2rego/translate"
)

func object(group, kind, name string) string {
	return "apiVersion: " + group + "\nkind: " + kind + "\nmetadata: {name: \"" + name + "\"}\nspec: {x: 1}\n"
}

// What an API server or Gatekeeper's webhook would refuse is refused before it is written.
func TestNamesThatNobodyTakes(t *testing.T) {
	const mutations = "mutations.gatekeeper.sh/v1"
	for name, tc := range map[string]struct {
		files []string
		want  string
	}{
		"dots and dashes":    {[]string{object(mutations, "Assign", "a.b-c.0")}, ""},
		"63 characters":      {[]string{object(mutations, "Assign", strings.Repeat("x", 63))}, ""},
		"64 characters":      {[]string{object(mutations, "Assign", strings.Repeat("x", 64))}, `Assign "xxx`},
		"a template of 64":   {[]string{object("templates.gatekeeper.sh/v1", "ConstraintTemplate", strings.Repeat("x", 64))}, "Gatekeeper takes at most 63 characters"},
		"253 characters":     {[]string{object("v1", "ConfigMap", strings.Repeat("x", 253))}, ""},
		"254 characters":     {[]string{object("v1", "ConfigMap", strings.Repeat("x", 254))}, "no more than 253"},
		"upper case":         {[]string{object(mutations, "Assign", "Privileged")}, `0.yaml: Assign "Privileged": no valid name: `},
		"no name":            {[]string{object(mutations, "Assign", "")}, `Assign "": no valid name: `},
		"two of one name":    {[]string{object(mutations, "Assign", "a"), object("mutations.gatekeeper.sh/v1beta1", "Assign", "a")}, `1.yaml: Assign "a" is in 0.yaml already`},
		"two in one file":    {[]string{object(mutations, "Assign", "a") + "---\n" + object(mutations, "Assign", "a")}, `is in 0.yaml already`},
		"two kinds":          {[]string{object(mutations, "Assign", "a") + "---\n" + object(mutations, "ModifySet", "a")}, ""},
		"two groups":         {[]string{object("a.example/v1", "Assign", "a") + "---\n" + object(mutations, "Assign", "a")}, ""},
		"something else":     {[]string{"- a"}, "0.yaml: "},
		"nothing to look at": {nil, ""},
	} {
		var files []translate.File
		for i, text := range tc.files {
			files = append(files, translate.File{Path: string(rune('0'+i)) + ".yaml", Data: []byte(text)})
		}
		err := checkObjects(files)
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

func TestNamesOfPolicies(t *testing.T) {
	for want, names := range map[string][]string{
		"": {"a.b-c", "a-b.c", "0", strings.Repeat("x", 253)},
		`policy "Restricted": no API server has a policy of that name`: {"a", "Restricted"},
		"no more than 253":     {strings.Repeat("x", 254)},
		`policy "a/b": no API`: {"a/b"},
		`policy "": no API`:    {""},
	} {
		policies := make([]translate.Policy, len(names))
		for i, name := range names {
			policies[i].Name = name
		}
		list := CheckPolicies(policies)
		if want == "" && len(list) > 0 || want != "" && (len(list) != 1 || !list.HasErrors() || !strings.Contains(list.String(), want)) {
			t.Errorf("%q: %v, want %q", names, list, want)
		}
	}
}
