// SPDX-License-Identifier: Apache-2.0

package opa_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"psp2rego/bundles/opa"
	pspr "psp2rego/rego"
	"psp2rego/translate"
)

func TestABundleThatWarnsIsAnotherInOneLine(t *testing.T) {
	files := map[bool]map[string]string{}
	for _, warn := range []bool{false, true} {
		b, err := opa.Build(pspr.Files, &translate.Output{}, opa.Meta{WarnDefaults: warn})
		if err != nil {
			t.Fatal(err)
		}
		files[warn] = map[string]string{}
		for _, f := range b.Files[1:] {
			files[warn][f.Path] = string(f.Data)
		}
	}
	const name = "psp/mutate.rego"
	if got := strings.Replace(files[true][name], "\t\t\"warnings\": response.warnings,\n", "", 1); got != files[false][name] || files[true][name] == got {
		t.Errorf("not one line: %s", files[true][name])
	}
	delete(files[true], name)
	for name, data := range files[true] {
		if files[false][name] != data {
			t.Errorf("%s: another", name)
		}
	}
}

func TestALibraryThatCannotWarnIsRefused(t *testing.T) {
	const line = "\t\t\"auditAnnotations\": {\"admit-policy\": choice.admit},\n"
	for _, text := range []string{"package psp\n", line + line} {
		library := fstest.MapFS{"psp/mutate.rego": {Data: []byte(text)}}
		if _, err := opa.Build(library, &translate.Output{}, opa.Meta{WarnDefaults: true}); err == nil {
			t.Errorf("%q: accepted", text)
		}
		if _, err := opa.Build(library, &translate.Output{}, opa.Meta{}); err != nil {
			t.Error(err)
		}
	}
	if _, err := opa.Build(fstest.MapFS{}, &translate.Output{}, opa.Meta{WarnDefaults: true}); err == nil {
		t.Error("accepted a library without an answer to creations")
	}
}
