// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"psp2rego/verify/cases"
)

// ReportVersion is the version of a report's JSON form (docs/verify-report.md). It grows when a
// reader of the old form could not read the new one, or would misread it.
const ReportVersion = 1

// jsonReport is the JSON form: the report, its version, and what follows from it.
type jsonReport struct {
	Version int    `json:"version"`
	Outcome string `json:"outcome"`
	Cases   int    `json:"cases"`
	*Report
	Divergences []jsonDivergence `json:"divergences"` // instead of the report's own
}

type jsonDivergence struct {
	Effect Class `json:"effect"`
	*Divergence
}

// WriteJSON writes the report as ReadReport reads it, with nothing left out.
func (r *Report) WriteJSON(w io.Writer) error {
	document := jsonReport{
		Version: ReportVersion, Outcome: r.Outcome().String(), Cases: r.Cases(), Report: r, Divergences: []jsonDivergence{},
	}
	for _, d := range r.Divergences {
		document.Divergences = append(document.Divergences, jsonDivergence{d.Class.Effect(), d})
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return fmt.Errorf("report as JSON: %w", err)
	}
	return nil
}

// ReadReport reads a report that WriteJSON wrote: the very same one, except that objects are written
// without blanks. It refuses what it does not understand in full, so that nothing gets lost on the
// way: another version, unknown fields, counts of unknown checks, counts that contradict what the
// document says of itself.
func ReadReport(from io.Reader) (*Report, error) {
	data, err := io.ReadAll(from)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	head := struct{ Version *int }{}
	switch err := json.Unmarshal(data, &head); {
	case err != nil:
		return nil, fmt.Errorf("report: not a report of verify --format json: %w", err)
	case head.Version == nil:
		return nil, errors.New("report: not a report of verify --format json: it has no version")
	case *head.Version != ReportVersion:
		return nil, fmt.Errorf("report: version %d, want %d: read it with the psp2rego that wrote it", *head.Version, ReportVersion)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	document := jsonReport{Report: &Report{}}
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	r := document.Report
	for i, d := range document.Divergences {
		if d.Divergence == nil || d.Effect != d.Class.Effect() {
			return nil, fmt.Errorf("report: divergences[%d]: not a divergence as verify writes it", i)
		}
		if err := d.compact(); err != nil {
			return nil, fmt.Errorf("report: divergences[%d]: %w", i, err)
		}
		r.Divergences = append(r.Divergences, d.Divergence)
	}
	for i, t := range r.Passes {
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("report: passes[%d]: %w", i, err)
		}
	}
	if document.Outcome != r.Outcome().String() || document.Cases != r.Cases() {
		return nil, fmt.Errorf("report: it says %s and %d cases, its counts say %s and %d: it was changed after it was written",
			document.Outcome, document.Cases, r.Outcome(), r.Cases())
	}
	return r, nil
}

// check refuses a tally that could not be added to another one.
func (t *Tally) check() error {
	if t == nil || t.Name == "" {
		return errors.New("no name")
	}
	empty := newTally(t.Name)
	for phase := range empty.Phases {
		if t.Phases[phase] == nil {
			return fmt.Errorf("no counts of phase %s", phase)
		}
	}
	if len(t.Phases) != len(empty.Phases) {
		return fmt.Errorf("phases are %s and %s", Mutate, Validate)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Checks)) {
		if t.Checks[name] == nil || !slices.Contains(cases.Checks(), name) {
			return fmt.Errorf("unknown check %q", name)
		}
	}
	if len(t.Checks) != len(empty.Checks) {
		return fmt.Errorf("counts of %d checks, want %d", len(t.Checks), len(empty.Checks))
	}
	for class := range t.Divergences {
		if !slices.Contains(Classes(), class) {
			return fmt.Errorf("unknown class %q", class)
		}
	}
	if t.Kinds == nil || t.Divergences == nil || t.Known == nil || t.Discarded == nil {
		return errors.New("kinds, divergences, known or discarded is missing")
	}
	if err := t.Score.check(t.Cases); err != nil {
		return fmt.Errorf("score: %w", err)
	}
	return nil
}

// check refuses a score of so many cases that cannot be added to another one, or counts more than there are.
func (s *Score) check(all int) error {
	if s == nil || s.Worst == nil || s.Causes == nil {
		return errors.New("agree, worst or causes is missing")
	}
	for class := range s.Worst {
		if !slices.Contains(Classes(), class) {
			return fmt.Errorf("unknown class %q", class)
		}
	}
	if s.judged() > all {
		return fmt.Errorf("%d cases of %d", s.judged(), all)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Causes)) {
		if n := s.Causes[name]; n == nil || n.Classes == nil || name != CauseGrants && !slices.Contains(cases.Checks(), name) {
			return fmt.Errorf("unknown cause %q", name)
		}
		for class := range s.Causes[name].Classes {
			if !slices.Contains(Classes(), class) {
				return fmt.Errorf("cause %q: unknown class %q", name, class)
			}
		}
	}
	return nil
}

// compact takes the blanks out of the objects, which indentation put there.
func (d *Divergence) compact() error {
	parts := []*json.RawMessage{}
	for i := range d.Objects {
		parts = append(parts, &d.Objects[i])
	}
	if d.Request != nil {
		parts = append(parts, &d.Request.Object, &d.Request.OldObject)
	}
	for _, part := range parts {
		if len(*part) == 0 {
			continue
		}
		var out bytes.Buffer
		if err := json.Compact(&out, *part); err != nil {
			return err
		}
		*part = out.Bytes()
	}
	return nil
}
