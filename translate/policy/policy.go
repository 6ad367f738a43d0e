// SPDX-License-Identifier: Apache-2.0

// Package policy writes one PodSecurityPolicy as one Rego module: a block for each check, headed by the policy's own fields and
// their values, over the facts about a pod that the Rego library computes. One file of this package writes one check.
package policy

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"

	"psp2rego/translate/psp"
)

// Source says where a policy comes from; it lands in the module's METADATA. The zero value leaves it out.
type Source struct {
	// File is the name of the file that holds the policy.
	File string
	// SHA256 is the digest of the policy's text in that file, in hex.
	SHA256 string
	// Version is the version of the translator.
	Version string
}

// Module returns the policy as a formatted Rego v1 module. The policy must have the API's defaults (psp.Default). A policy for
// which the admission plugin builds no provider (psp.Unusable) becomes a module that accepts nothing and says why.
// The result depends on the arguments alone.
func Module(p *psp.PodSecurityPolicy, source Source) ([]byte, error) {
	w := &writer{}
	w.head(p, source)
	if why := psp.Unusable(p); why != "" {
		w.unusable(why)
	} else {
		for _, c := range checks {
			w.begin(c)
			c.write(w, p)
		}
	}
	// JSON lets byte order marks stand in strings, Rego nowhere
	text := bytes.ReplaceAll(w.text(), []byte("\ufeff"), []byte(`\ufeff`))
	formatted, err := format.SourceWithOpts(p.Name, text, format.Opts{RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, fmt.Errorf("psp %q: format the module: %w", p.Name, err)
	}
	if _, err := ast.ParseModuleWithOpts(p.Name, string(formatted), ast.ParserOptions{RegoVersion: ast.RegoV1}); err != nil {
		return nil, fmt.Errorf("psp %q: read the module back: %w", p.Name, err)
	}
	return formatted, nil
}

// quote writes a string as a JSON string on one line, which is a Rego string, a YAML string and safe in a comment.
func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(text)
}
