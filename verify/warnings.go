// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// longestWarning is how long API servers want a warning at most.
const longestWarning = 120

// aboutPolicies begins each warning that a bundle of psp2rego gives. Other warnings are their author's, and no business of the comparison.
const aboutPolicies = "PodSecurityPolicy "

// checkWarnings makes sure that warnings about a policy are about the one that was chosen, and about fields that it changed. The
// admission plugin gives no warnings, so there is nothing to compare them with.
func checkWarnings(document any, verdict *Verdict, before json.RawMessage) error {
	response, _ := document.(map[string]any)["response"].(map[string]any)
	if response["warnings"] == nil {
		return nil
	}
	warnings, ok := response["warnings"].([]any)
	if !ok {
		return fmt.Errorf("not a list: %v", response["warnings"])
	}
	for _, warning := range warnings {
		text, ok := warning.(string)
		if !ok {
			return fmt.Errorf("not a text: %v", warning)
		}
		if !strings.HasPrefix(text, aboutPolicies) {
			continue
		}
		if err := checkWarning(text, verdict, before); err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
	}
	return nil
}

var moreFields = regexp.MustCompile(`^[0-9]+ more fields$`)

func checkWarning(text string, verdict *Verdict, before json.RawMessage) error {
	if utf8.RuneCountInString(text) > longestWarning {
		return fmt.Errorf("longer than %d characters", longestWarning)
	}
	head := aboutPolicies + strconv.Quote(verdict.Policy) + " set "
	cut, isCut := strings.CutSuffix(text, "...")
	if verdict.Policy != "" && isCut && strings.HasPrefix(head, cut) {
		return nil // the name alone fills the line
	}
	field, ok := strings.CutPrefix(text, head)
	switch {
	case verdict.Policy == "" || !ok:
		return fmt.Errorf("the policy that was chosen is %q", verdict.Policy)
	case isCut || moreFields.MatchString(field):
		return nil
	}
	was, err := decode(before)
	if err != nil {
		return err
	}
	is, err := decode(verdict.Object)
	if err != nil {
		return err
	}
	if path := steps(field); at(is, path) == absent || reflect.DeepEqual(at(is, path), at(was, path)) {
		return errors.New("the patch does not change that field")
	}
	return nil
}

// steps reads a Kubernetes path, spec.containers[0].name or metadata.annotations[key].
func steps(field string) []any {
	if key, ok := strings.CutPrefix(field, "metadata.annotations["); ok {
		return []any{"metadata", "annotations", strings.TrimSuffix(key, "]")}
	}
	var path []any
	for segment := range strings.SplitSeq(field, ".") {
		name, index, isItem := strings.Cut(segment, "[")
		path = append(path, name)
		if i, err := strconv.Atoi(strings.TrimSuffix(index, "]")); err == nil && isItem {
			path = append(path, i)
		}
	}
	return path
}
