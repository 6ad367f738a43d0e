// SPDX-License-Identifier: Apache-2.0

package mutants

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Least are what a whole run has to reach: so many mutants, and so many of a hundred that are not
// equivalent caught.
const (
	LeastMutants = 400
	LeastPercent = 99.0
)

// Score is what a whole run found.
type Score struct {
	// Cases says what was asked.
	Cases string
	// Files are counts by file, sorted.
	Files []Count
	// Survivors were not caught, and nobody argued that they cannot be.
	Survivors []Survivor
}

// Count counts the mutants of one file, but for those that do not compile.
type Count struct {
	File                        string
	Mutants, Caught, Equivalent int
	Invalid                     int
}

// Survivor is a mutant that was not caught.
type Survivor struct {
	ID, File      string
	Line          int
	Before, After string
}

// Survived is the number of those neither caught nor argued equivalent.
func (c Count) Survived() int { return c.Mutants - c.Caught - c.Equivalent }

// NewScore counts results, which belong to the mutants one by one.
func NewScore(cases string, mutants []Mutant, results []Result, argued Argued) *Score {
	s := &Score{Cases: cases}
	for i, m := range mutants {
		file, _, _ := strings.Cut(m.ID, ":")
		if len(s.Files) == 0 || s.Files[len(s.Files)-1].File != file {
			s.Files = append(s.Files, Count{File: file})
		}
		count := &s.Files[len(s.Files)-1]
		count.Mutants++
		switch {
		case results[i].Verdict == Invalid:
			count.Mutants--
			count.Invalid++
		case results[i].Verdict == Caught:
			count.Caught++
		case argued[m.ID] != "":
			count.Equivalent++
		default:
			s.Survivors = append(s.Survivors, Survivor{m.ID, file, m.Line, clip(m.Before), clip(m.After)})
		}
	}
	slices.SortStableFunc(s.Files, func(a, b Count) int { return cmp.Compare(a.File, b.File) })
	return s
}

// clip shortens what is shown of a change.
func clip(code string) string {
	if len(code) <= 2*longest {
		return code
	}
	return strings.ToValidUTF8(code[:2*longest], "") + " ..."
}

// Total is the sum over all files.
func (s *Score) Total() Count {
	total := Count{File: "all"}
	for _, c := range s.Files {
		total.Mutants += c.Mutants
		total.Caught += c.Caught
		total.Equivalent += c.Equivalent
		total.Invalid += c.Invalid
	}
	return total
}

// Percent is how many of a hundred mutants that are not equivalent were caught, rounded down to
// hundredths.
func (s *Score) Percent() float64 {
	total := s.Total()
	if total.Mutants == total.Equivalent {
		return 0
	}
	return float64(total.Caught*10000/(total.Mutants-total.Equivalent)) / 100
}

// Problems are what is wrong with a whole run: its score, and what was argued without being so.
func Problems(s *Score, results []Result, argued Argued) error {
	var problems []error
	if n := s.Total().Mutants; n < LeastMutants {
		problems = append(problems, fmt.Errorf("%d mutants are too few: %d are needed", n, LeastMutants))
	}
	if percent := s.Percent(); percent < LeastPercent {
		problems = append(problems, fmt.Errorf("%.2f %% of the mutants that are not equivalent were caught: %.0f %% are needed", percent, LeastPercent))
	}
	verdicts := make(map[string]Result, len(results))
	for _, r := range results {
		verdicts[r.ID] = r
	}
	for _, id := range slices.Sorted(maps.Keys(argued)) {
		switch r, exists := verdicts[id]; {
		case !exists:
			problems = append(problems, fmt.Errorf("argued equivalent, and there is no such mutant: %s", id))
		case r.Verdict == Caught:
			problems = append(problems, fmt.Errorf("argued equivalent, and caught: %s (%s)", id, r.Detail))
		case r.Verdict == Invalid:
			problems = append(problems, fmt.Errorf("argued equivalent, and does not compile: %s", id))
		}
	}
	return errors.Join(problems...)
}
