// SPDX-License-Identifier: Apache-2.0

package gatekeeper

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"psp2rego/translate"
)

const (
	suiteFile   = "suite.yaml"
	suiteFolder = "suite"
	// reviewExtension is none that gator test reads, which takes every object of a folder for one of a cluster.
	reviewExtension = ".review"
)

// Case is an AdmissionReview, and what the template has to answer to it.
type Case struct {
	// Group and Name are the case's place: several cases of one group make a test, and both make a path.
	Group, Name string
	// Comment says more about it; empty is nothing more.
	Comment string
	// Review is the AdmissionReview, as JSON.
	Review []byte
	// Allowed says that there is no violation. Otherwise there is one, whose message is Message, and in brackets after it Violations in any order, unless they
	// are nil.
	Allowed    bool
	Message    string
	Violations []string
}

// suite is what gator verify runs (Gatekeeper: pkg/gator/verify/suite.go), as far as it is written.
type suite struct {
	head  `yaml:",inline"`
	Tests []suiteTest `yaml:"tests"`
}

type suiteTest struct {
	Name       string      `yaml:"name"`
	Template   string      `yaml:"template"`
	Constraint string      `yaml:"constraint"`
	Cases      []suiteCase `yaml:"cases"`
}

type suiteCase struct {
	Name       string      `yaml:"name"`
	Object     string      `yaml:"object"`
	Assertions []assertion `yaml:"assertions"`
}

type assertion struct {
	Violations any    `yaml:"violations"`
	Message    string `yaml:"message,omitempty"`
}

// newSuite writes the suite with its cases, one file for each; nothing if there are none.
func newSuite(all []Case) ([]translate.File, error) {
	if len(all) == 0 {
		return nil, nil
	}
	s := suite{head: head{"test.gatekeeper.sh/v1alpha1", "Suite", meta{Name: constraintName}}}
	var files []translate.File
	for i, c := range all {
		if i == 0 || c.Group != all[i-1].Group {
			s.Tests = append(s.Tests, suiteTest{Name: c.Group, Template: TemplateFile, Constraint: ConstraintFile})
		}
		file := path.Join(suiteFolder, c.Group, c.Name+reviewExtension)
		data, err := c.encode()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		files = append(files, translate.File{Path: file, Data: data})
		test := &s.Tests[len(s.Tests)-1]
		test.Cases = append(test.Cases, suiteCase{c.Name, file, c.assertions()})
	}
	data, err := encode(s)
	return append(files, translate.File{Path: suiteFile, Data: data}), err
}

// assertions say what the case expects: one violation, that its message is made of these texts alone, and that each of several stands in it.
func (c *Case) assertions() []assertion {
	if c.Allowed {
		return []assertion{{Violations: "no"}}
	}
	message := "^" + regexp.QuoteMeta(c.Message)
	texts := slices.Compact(slices.Sorted(slices.Values(c.Violations)))
	for i, text := range texts {
		texts[i] = regexp.QuoteMeta(text)
	}
	switch either := strings.Join(texts, "|"); {
	case c.Violations == nil:
	case len(c.Violations) < 2:
		message += `: \[` + either + `\]`
	default:
		message += `: \[(` + either + `)( (` + either + `))*\]`
	}
	all := []assertion{{Violations: 1}, {1, message + "$"}}
	if len(texts) > 1 {
		for _, text := range texts {
			all = append(all, assertion{1, text})
		}
	}
	return all
}

// encode writes the review as YAML. Gatekeeper's reader takes lines out that are empty or begin with #, wherever they stand, so that no text may
// go over several lines.
func (c *Case) encode() ([]byte, error) {
	var node yaml.Node
	var value any
	decoder := json.NewDecoder(bytes.NewReader(c.Review))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if err := node.Encode(plainNumbers(value)); err != nil {
		return nil, err
	}
	oneLine(&node)
	data, err := encode(&node)
	if c.Comment != "" {
		comment := strings.Map(func(r rune) rune {
			if unicode.IsPrint(r) {
				return r
			}
			return unicode.ReplacementChar
		}, c.Comment)
		data = append([]byte("# "+comment+"\n"), data...)
	}
	return data, err
}

// plainNumbers makes YAML's numbers of JSON's.
func plainNumbers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, member := range v {
			v[key] = plainNumbers(member)
		}
	case []any:
		for i, item := range v {
			v[i] = plainNumbers(item)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	}
	return value
}

// oneLine has texts of several lines written on one.
func oneLine(node *yaml.Node) {
	if node.Kind == yaml.ScalarNode && strings.ContainsFunc(node.Value, unicode.IsControl) {
		node.Style = yaml.DoubleQuotedStyle
	}
	for _, child := range node.Content {
		oneLine(child)
	}
}
