// SPDX-License-Identifier: Apache-2.0

package gatekeeper_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"psp2rego/bundles/gatekeeper"
	"psp2rego/bundles/opa"
	"psp2rego/rego"
)

const hostile = "a\n--- b\n\n# c: {{ | \x7f\u0085\u2028'\"`"

// A case is its review, whatever stands in it, in lines that Gatekeeper's reader leaves as they are.
func TestReviewsAreWhatWasRecorded(t *testing.T) {
	review, err := json.Marshal(map[string]any{
		"kind": "AdmissionReview", hostile: []any{hostile, "yes", "1", 1, 1.5, int64(1) << 53, nil, true, "", "\ufeff", "# x"},
	})
	if err != nil {
		t.Fatal(err)
	}
	files := build(t, compiled(t), gatekeeper.Options{Suite: []gatekeeper.Case{
		{Group: "policies/a.b-c", Name: "plain_allowed", Comment: "by " + hostile, Review: review, Allowed: true},
	}})
	text := string(files["suite/policies/a.b-c/plain_allowed.review"])
	head, rest, _ := strings.Cut(text, "\n")
	if !strings.HasPrefix(head, "# by a") || strings.ContainsAny(head, "\x7f\u0085\u2028") {
		t.Errorf("head %q", head)
	}
	for line := range strings.Lines(rest) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "---") {
			t.Errorf("Gatekeeper reads over %q", line)
		}
	}
	var got, want any
	if err := yaml.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(review, &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A message holds these texts and nothing else, in any order.
func TestAssertions(t *testing.T) {
	const head = "PodSecurityPolicy: unable to validate pod"
	for name, tc := range map[string]struct {
		violations []string
		good, bad  []string
	}{
		"no list":   {nil, []string{head}, []string{head + ": []", "x" + head}},
		"defaults":  {[]string{}, []string{head + ": []"}, []string{head, head + ": [a]"}},
		"one":       {[]string{"a.b (c)"}, []string{head + ": [a.b (c)]"}, []string{head + ": [axb (c)]", head + ": [a.b (c) d]", head + ": []"}},
		"two":       {[]string{"two", "one"}, []string{head + ": [one two]", head + ": [two one]"}, []string{head + ": [one]", head + ": [one two three]", head + ": [one one]"}},
		"two alike": {[]string{"a", "a"}, []string{head + ": [a a]"}, []string{head + ": [a b]"}},
	} {
		files := build(t, compiled(t), gatekeeper.Options{Suite: []gatekeeper.Case{
			{Group: "requesters", Name: "x", Review: []byte("{}"), Message: head, Violations: tc.violations},
		}})
		read := struct {
			Tests []struct {
				Name, Template, Constraint string
				Cases                      []struct {
					Object     string
					Assertions []struct {
						Violations any
						Message    string
					}
				}
			}
		}{}
		if err := yaml.Unmarshal(files["suite.yaml"], &read); err != nil {
			t.Fatal(err)
		}
		test := read.Tests[0]
		if test.Name != "requesters" || test.Template != "template.yaml" || test.Constraint != "constraint.yaml" || test.Cases[0].Object != "suite/requesters/x.review" {
			t.Errorf("%s: %+v", name, test)
		}
		passes := func(message string) bool {
			for _, a := range test.Cases[0].Assertions {
				if a.Violations != 1.0 || !regexp.MustCompile(a.Message).MatchString(message) {
					return false
				}
			}
			return len(test.Cases[0].Assertions) > 1
		}
		for _, message := range tc.good {
			if !passes(message) {
				t.Errorf("%s: %q does not pass", name, message)
			}
		}
		for _, message := range tc.bad {
			if passes(message) {
				t.Errorf("%s: %q passes", name, message)
			}
		}
	}
}

// Two cases for one file are an error, and so is a review that is none.
func TestCasesThatCannotBeWritten(t *testing.T) {
	for want, suite := range map[string][]gatekeeper.Case{
		"collides with": {{Group: "policies/a", Name: "X", Review: []byte("{}")}, {Group: "policies/a", Name: "x", Review: []byte("{}")}},
		"not a path":    {{Group: "..", Name: "../../x", Review: []byte("{}")}},
		"x.review: ":    {{Group: "requesters", Name: "x", Review: []byte("{")}},
	} {
		_, err := gatekeeper.Build(rego.Files, rego.Gatekeeper, compiled(t), opa.Meta{}, gatekeeper.Options{Suite: suite})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// gator upgrades what has another version: the version changes with the files that it installs, and with nothing else.
func TestCatalogHasTheVersionOfItsFiles(t *testing.T) {
	version := func(options gatekeeper.Options) string {
		read := struct {
			Metadata struct{ Version string }
			Policies []struct{ Version, TemplatePath string }
			Bundles  []struct{ Policies []string }
		}{}
		if err := yaml.Unmarshal(build(t, compiled(t), options)["catalog.yaml"], &read); err != nil {
			t.Fatal(err)
		}
		if len(read.Policies) != 1 || read.Policies[0].Version != read.Metadata.Version || read.Policies[0].TemplatePath != "template.yaml" ||
			len(read.Bundles) != 1 || !reflect.DeepEqual(read.Bundles[0].Policies, []string{"podsecuritypolicyset"}) {
			t.Errorf("%+v", read)
		}
		return read.Metadata.Version
	}
	plain := version(gatekeeper.Options{})
	if !regexp.MustCompile(`^v1\.0\.0\+[0-9a-f]{12}$`).MatchString(plain) {
		t.Errorf("version %q", plain)
	}
	if version(gatekeeper.Options{Suite: []gatekeeper.Case{{Group: "requesters", Name: "x", Review: []byte("{}")}}}) != plain {
		t.Error("a suite changes it")
	}
	if version(gatekeeper.Options{EnforcementAction: gatekeeper.DryRun}) == plain || version(gatekeeper.Options{RegoV0: true}) == plain {
		t.Error("another constraint or template does not change it")
	}
}
