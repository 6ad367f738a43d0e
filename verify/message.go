// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"psp2rego/verify/protocol"
)

// auditPrefix is what the plugin puts before its audit keys, and an API server before those of a
// webhook of this name (plugin/pkg/admission/security/podsecuritypolicy/admission.go, v1.24.17).
const auditPrefix = "podsecuritypolicy.policy.k8s.io/"

// auditKey is the annotation in which a phase names the policy it chose.
func (p Phase) auditKey() string {
	if p == Mutate {
		return "admit-policy"
	}
	return "validate-policy"
}

// nativeVerdict turns the evaluator's verdict into the shared terms.
func nativeVerdict(v *protocol.Verdict) (*Verdict, error) {
	message, err := stripForbidden(v)
	if err != nil {
		return nil, err
	}
	audit := make(map[string]string, len(v.AuditAnnotations))
	for key, value := range v.AuditAnnotations {
		name, ok := strings.CutPrefix(key, auditPrefix)
		if !ok {
			return nil, fmt.Errorf("native evaluator: unexpected audit annotation %q", key)
		}
		audit[name] = value
	}
	return &Verdict{
		Handled: v.Handled, Allowed: v.Allowed, Policy: v.Policy, Message: message, Audit: audit, Object: v.Object,
	}, nil
}

// stripForbidden cuts `pods "name" is forbidden: ` off a refusal: that part is the API server's
// wrapping, which a webhook's refusal gets in other words (section A10 of the semantics).
func stripForbidden(v *protocol.Verdict) (string, error) {
	if v.Allowed {
		return "", nil
	}
	rest, ok := strings.CutPrefix(v.Message, "pods ")
	if !ok {
		return "", fmt.Errorf("native evaluator: unexpected refusal %q", v.Message)
	}
	name, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return "", fmt.Errorf("native evaluator: unexpected refusal %q", v.Message)
	}
	text, ok := strings.CutPrefix(rest[len(name):], " is forbidden: ")
	if !ok {
		return "", fmt.Errorf("native evaluator: unexpected refusal %q", v.Message)
	}
	return text, nil
}

// blocks are the violations of each policy that has a say in the message, one text per policy,
// by policy name.
func blocks(explanation *Explanation) []string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(explanation.Policies)) {
		p := explanation.Policies[name]
		if p.Usable && p.Authorized && len(p.Violations) > 0 {
			texts = append(texts, strings.Join(p.Violations, " "))
		}
	}
	return texts
}

// joins says whether text is `before[` + all blocks in some order, joined by blanks + `]`. Native
// joins the blocks of its policies in the order of a Go map.
func joins(text string, blocks []string) bool {
	open := strings.IndexByte(text, '[')
	if open < 0 || !strings.HasSuffix(text, "]") {
		return false
	}
	return consume(text[open+1:len(text)-1], slices.Clone(blocks))
}

// consume tries every block as the next one; blocks is permuted in place.
func consume(text string, blocks []string) bool {
	if len(blocks) == 0 {
		return text == ""
	}
	for i, block := range blocks {
		if i > 0 && slices.Contains(blocks[:i], block) {
			continue // the same text was tried before
		}
		rest, ok := strings.CutPrefix(text, block)
		if !ok {
			continue
		}
		if len(blocks) > 1 {
			if rest, ok = strings.CutPrefix(rest, " "); !ok {
				continue
			}
		}
		blocks[0], blocks[i] = blocks[i], blocks[0]
		if consume(rest, blocks[1:]) {
			return true
		}
		blocks[0], blocks[i] = blocks[i], blocks[0]
	}
	return false
}
