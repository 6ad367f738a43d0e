// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// longestWarning is how long API servers want a warning at most.
const longestWarning = 120

// aboutPolicies begins each warning that a bundle of psp2rego gives. Other warnings are their author's, and no business of the comparison.
const aboutPolicies = "PodSecurityPolicy "

// mostWarnings is how many of them there are at most; the last then says how many more there would be.
const mostWarnings = 5

// checkWarnings makes sure that warnings about a policy are about the one that was chosen, about fields that it changed and, if complete says that
// nothing else changes any, about all of them. The admission plugin gives no warnings, so there is nothing to compare them with.
func checkWarnings(document any, verdict *Verdict, before json.RawMessage, complete bool) error {
	response, _ := document.(map[string]any)["response"].(map[string]any)
	if response["warnings"] == nil {
		return nil
	}
	warnings, ok := response["warnings"].([]any)
	if !ok {
		return fmt.Errorf("not a list: %v", response["warnings"])
	}
	told, more := 0, 0
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
		told++
		if count, ok := strings.CutSuffix(text, " more fields"); ok {
			more, _ = strconv.Atoi(count[strings.LastIndex(count, " ")+1:])
			told--
		}
	}
	if told+more == 0 && len(warnings) > 0 || !complete {
		return nil
	}
	changed, err := changedFields(before, verdict.Object)
	switch {
	case err != nil:
		return err
	case told+more != len(changed) || (len(changed) <= mostWarnings) != (more == 0) || told > mostWarnings:
		return fmt.Errorf("%d fields are told and %d more, and %d changed", told, more, len(changed))
	}
	return nil
}

// changedFields are the paths of what a policy may fill in, and did: annotations but its name, fields of the spec, and of the pod's and the
// containers' securityContexts.
func changedFields(before, after json.RawMessage) ([]string, error) {
	was, err := decode(before)
	if err != nil {
		return nil, err
	}
	is, err := decode(after)
	if err != nil {
		return nil, err
	}
	var changed []string
	differing := func(path []any, but ...string) {
		members, _ := at(is, path).(map[string]any)
		for key, member := range members {
			if !slices.Contains(but, key) && !reflect.DeepEqual(member, at(was, append(slices.Clone(path), key))) {
				changed = append(changed, pathText(path, key))
			}
		}
	}
	lists := []string{"initContainers", "containers", "ephemeralContainers"}
	differing([]any{"metadata", "annotations"}, "kubernetes.io/psp")
	differing([]any{"spec"}, append(lists, "securityContext")...)
	differing([]any{"spec", "securityContext"})
	for _, list := range lists {
		containers, _ := at(is, []any{"spec", list}).([]any)
		for i := range containers {
			differing([]any{"spec", list, i, "securityContext"})
		}
	}
	return changed, nil
}

// pathText is the Kubernetes path of a member, the reverse of steps.
func pathText(path []any, key string) string {
	if len(path) > 0 && path[0] == "metadata" {
		return fmt.Sprintf("metadata.annotations[%s]", key)
	}
	var text strings.Builder
	for _, step := range path {
		if index, ok := step.(int); ok {
			fmt.Fprintf(&text, "[%d]", index)
			continue
		}
		fmt.Fprintf(&text, ".%s", step)
	}
	return strings.TrimPrefix(text.String()+"."+key, ".")
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
	case isCut:
		return checkCut(text, head, verdict, before)
	case moreFields.MatchString(field):
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

// checkCut makes sure that a line was too long, is now as long as may be, and is about a field that changed.
func checkCut(text, head string, verdict *Verdict, before json.RawMessage) error {
	if utf8.RuneCountInString(text) != longestWarning {
		return fmt.Errorf("cut to another length than %d characters", longestWarning)
	}
	changed, err := changedFields(before, verdict.Object)
	if err != nil {
		return err
	}
	for _, field := range changed {
		line := head + field
		if utf8.RuneCountInString(line) > longestWarning && strings.HasPrefix(line, strings.TrimSuffix(text, "...")) {
			return nil
		}
	}
	return errors.New("no field that the patch changes has so long a line")
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
