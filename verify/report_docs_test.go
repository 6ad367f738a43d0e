// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// Every field that the JSON form has is on its page, and so is every class and format.
func TestJSONFormIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/verify-report.md")
	if err != nil {
		t.Fatal(err)
	}
	words := Formats()
	for _, class := range Classes() {
		words = append(words, string(class))
	}
	fields := map[string]bool{}
	for _, part := range []any{jsonReport{}, jsonDivergence{}, Report{}, Plan{}, Shard{}, Tally{}, RuleSet{}, Score{}, CauseCount{}, PhaseCount{}, CheckCount{}, FieldCount{}, Divergence{}, Difference{}, Shrunk{}, Deciding{}, Recorded{}, RecordedVerdict{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(part)) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name != "" && !fields[name] {
				fields[name] = true
				words = append(words, name)
			}
		}
	}
	if len(fields) < 50 {
		t.Errorf("only %d fields", len(fields))
	}
	for _, word := range words {
		if !strings.Contains(string(page), "`"+word+"`") {
			t.Errorf("docs/verify-report.md does not explain `%s`", word)
		}
	}
}
