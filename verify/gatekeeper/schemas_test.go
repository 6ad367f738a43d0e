// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/frameworks/constraint/pkg/core/templates"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/policy/catalog"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/verify"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

// schemas are what an API server with Gatekeeper knows of custom resources.
type schemas map[schema.GroupKind]*apiextensions.CustomResourceDefinition

func (s schemas) add(crd *apiextensions.CustomResourceDefinition) {
	s[schema.GroupKind{Group: crd.Spec.Group, Kind: crd.Spec.Names.Kind}] = crd
}

// chart is the folder of Gatekeeper's chart, of the version that is linked.
func chart(t *testing.T) string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/open-policy-agent/gatekeeper/v3").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(dir)), "charts/gatekeeper")
}

// gatekeeperSchemas are those that Gatekeeper's chart installs.
func gatekeeperSchemas(t *testing.T) schemas {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(chart(t), "crds/*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	known := schemas{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var crd apiextensionsv1.CustomResourceDefinition
		var internal apiextensions.CustomResourceDefinition
		if err := yaml.Unmarshal(text, &crd); err != nil {
			t.Fatal(err)
		}
		if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(&crd, &internal, nil); err != nil {
			t.Fatal(err)
		}
		known.add(&internal)
	}
	if len(known) < 10 {
		t.Fatalf("%d definitions", len(known))
	}
	return known
}

// check is what an API server demands of an object, and that nothing of it would be left out.
func (s schemas) check(ctx context.Context, object *unstructured.Unstructured) error {
	gvk := object.GroupVersionKind()
	crd := s[gvk.GroupKind()]
	if crd == nil {
		return fmt.Errorf("no schema of %s", gvk)
	}
	at := slices.IndexFunc(crd.Spec.Versions, func(v apiextensions.CustomResourceDefinitionVersion) bool { return v.Name == gvk.Version && v.Served })
	if at < 0 {
		return fmt.Errorf("%s is not served", gvk)
	}
	props := crd.Spec.Versions[at].Schema
	if props == nil {
		props = crd.Spec.Validation
	}
	for key := range object.Object {
		if !slices.Contains([]string{"apiVersion", "kind", "metadata", "spec"}, key) {
			return fmt.Errorf("%s is for the server to write", key)
		}
	}
	structural, err := structuralschema.NewStructural(props.OpenAPIV3Schema)
	if err != nil {
		return err
	}
	pruned := pruning.PruneWithOptions(object.DeepCopy().Object, structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	if len(pruned) > 0 {
		return fmt.Errorf("unknown fields %v", pruned)
	}
	validator, _, err := validation.NewSchemaValidator(props.OpenAPIV3Schema)
	if err != nil {
		return err
	}
	errs := validation.ValidateCustomResource(nil, object.Object, validator)
	errs = append(errs, apivalidation.ValidateObjectMetaAccessor(object, false, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata"))...)
	return errs.ToAggregate()
}

// What translate writes is what an API server would store, and Gatekeeper's own tools read.
func TestEmittedObjectsFitTheSchemas(t *testing.T) {
	for name, args := range map[string][]string{
		"mke":         {"-f", "testdata/mke", "--dialect", "mke"},
		"every field": {"-f", "cmd/mutants/testdata", "--enforcement-action", "scoped"},
		"live":        {"-f", "testdata/mke", "--rbac", "live"},
		"mutators":    {"-f", "docs/examples/one-policy.yaml"},
		"old":         {"-f", "testdata/mke", "--rego-v0", "--enforcement-action", "warn"},
	} {
		t.Run(name, func(t *testing.T) {
			if os.Getenv("PSP2REGO_NATIVE") != "" && name == "mke" {
				args = append(args, "--tests", "3")
			}
			checkFolder(t, gatekeeperSchemas(t), translate(t, "", args...))
		})
	}
}

func checkFolder(t *testing.T, known schemas, dir string) {
	t.Helper()
	all, kindless, err := readManifests([]string{dir})
	if err != nil || kindless > 0 {
		t.Fatalf("%d documents without kind, %v", kindless, err)
	}
	constraints := 0
	for _, m := range all {
		if m.GetKind() == "ConstraintTemplate" {
			known.add(definition(t, m.Unstructured))
		}
	}
	for _, m := range all {
		switch gvk := m.GroupVersionKind(); gvk.Group {
		case "kustomize.config.k8s.io":
			continue
		case "test.gatekeeper.sh":
			err = decodeStrictly(m.Unstructured, &struct {
				APIVersion, Kind string
				Metadata         map[string]string
				verify.Suite
			}{})
		case "gator.gatekeeper.sh":
			read := &catalog.PolicyCatalog{}
			if err = decodeStrictly(m.Unstructured, read); err == nil {
				err = catalog.ValidateCatalogSchema(read)
			}
		case "constraints.gatekeeper.sh":
			constraints++
			fallthrough
		default:
			err = known.check(t.Context(), m.Unstructured)
		}
		if err != nil {
			t.Errorf("%s: %v", m, err)
		}
	}
	if constraints != 1 || len(all) < 10 {
		t.Errorf("%d objects, %d constraints", len(all), constraints)
	}
}

// definition is what Gatekeeper makes of a template.
func definition(t *testing.T, object *unstructured.Unstructured) *apiextensions.CustomResourceDefinition {
	t.Helper()
	var template *templates.ConstraintTemplate
	template, err := toTemplate(object)
	if err != nil {
		t.Fatal(err)
	}
	c, err := newClient()
	if err != nil {
		t.Fatal(err)
	}
	crd, err := c.CreateCRD(t.Context(), template)
	if err != nil {
		t.Fatal(err)
	}
	return crd
}

// decodeStrictly decodes an object that has no schema.
func decodeStrictly(object *unstructured.Unstructured, into any) error {
	data, err := object.MarshalJSON()
	if err != nil {
		return err
	}
	return yaml.UnmarshalStrict(data, into)
}

// The check above sees what is wrong.
func TestObjectsThatDoNotFitAreNoticed(t *testing.T) {
	known := gatekeeperSchemas(t)
	good := "apiVersion: expansion.gatekeeper.sh/v1beta1\nkind: ExpansionTemplate\nmetadata: {name: x}\nspec: {templateSource: spec.template}\n"
	for change, want := range map[[2]string]string{
		{"x", "x"}:              "",
		{"name: x", "name: X_"}: "metadata.name",
		{"name: x", "name: " + strings.Repeat("x", 254)}: "no more than 253",
		{"templateSource", "template"}:                   "unknown fields [spec.template]",
		{"spec.template}", "1}"}:                         "must be of type string",
		{"v1beta1", "v1"}:                                "is not served",
		{"ExpansionTemplate", "Expansion"}:               "no schema",
		{"\nspec:", "\nstatus: {}\nspec:"}:               "for the server",
	} {
		all, _, err := parseManifests("x", []byte(strings.Replace(good, change[0], change[1], 1)))
		if err != nil {
			t.Fatal(err)
		}
		err = known.check(t.Context(), all[0].Unstructured)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v: %v, want %q", change, err, want)
		}
	}
}

// The values that docs/gatekeeper.md gives the chart are some that it has, of the same kinds.
func TestValuesOfTheChart(t *testing.T) {
	read := func(file string) map[string]any {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		values := map[string]any{}
		if err := yaml.UnmarshalStrict(text, &values); err != nil {
			t.Fatal(err)
		}
		return values
	}
	known, given := read(filepath.Join(chart(t), "values.yaml")), read("../../docs/examples/gatekeeper-values.yaml")
	if len(given) < 4 {
		t.Errorf("%d values", len(given))
	}
	for key, value := range given {
		if fmt.Sprintf("%T", known[key]) != fmt.Sprintf("%T", value) || fmt.Sprint(known[key]) == fmt.Sprint(value) {
			t.Errorf("%s: %v, and the chart has %v", key, value, known[key])
		}
	}
}
