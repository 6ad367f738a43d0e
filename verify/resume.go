// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// resumed is the report that the state file holds, or the fresh one when there is no such file.
func (r *run) resumed(fresh *Report) (*Report, error) {
	if r.Resume == "" {
		return fresh, nil
	}
	report, err := ReadReportFile(r.Resume)
	if errors.Is(err, fs.ErrNotExist) {
		return fresh, nil
	}
	if err != nil {
		return nil, fmt.Errorf("verify: resume: %w", err)
	}
	err = report.sameRun(fresh)
	if err == nil && report.Plan.Shard != fresh.Plan.Shard {
		err = fmt.Errorf("it is of shard %s, not %s", report.Plan.Shard, fresh.Plan.Shard)
	}
	if err != nil {
		return nil, fmt.Errorf("verify: resume: %s: it is of another run: %w; remove it, or name another file", r.Resume, err)
	}
	r.before = report.Elapsed
	report.Stopped, report.AllowUndecided = "", r.AllowUndecided
	return report, nil
}

// sameRun says how the reports are not parts of one run. What a report does not know yet, because no
// case was judged, equals anything.
func (r *Report) sameRun(other *Report) error {
	if r.Plan == nil || other.Plan == nil {
		return errors.New("a report on a single recorded case")
	}
	for _, part := range []struct{ name, mine, others string }{
		{"seed", fmt.Sprint(r.Seed), fmt.Sprint(other.Seed)},
		{"number of cases", fmt.Sprint(r.Plan.Cases), fmt.Sprint(other.Plan.Cases)},
		{"number of shards", fmt.Sprint(r.Plan.Shard.Of), fmt.Sprint(other.Plan.Shard.Of)},
		{"version of psp2rego", r.Tool, other.Tool},
		{"version of Kubernetes", r.Native, other.Native},
		{"version of OPA", r.OPA, other.OPA},
		{"engine of the given rules", r.engine(), other.engine()},
		{"dialect", r.Dialect, other.Dialect},
		{"API server", r.Server, other.Server},
		{"input or its settings (digest)", r.Plan.Inputs, other.Plan.Inputs},
	} {
		unknown := part.name == "version of Kubernetes" && (part.mine == "" || part.others == "")
		if part.mine != part.others && !unknown {
			return fmt.Errorf("%s %s, not %s", part.name, part.mine, part.others)
		}
	}
	return nil
}

// saveUnfinished saves a report on a run that goes on.
func (r *run) saveUnfinished(report *Report) error {
	unfinished := *report
	unfinished.Stopped, unfinished.Elapsed = StoppedByInterrupt, r.spent()
	return r.save(&unfinished)
}

// save writes the state file, if there is to be one: a report like any other.
func (r *run) save(report *Report) error {
	if r.Resume == "" {
		return nil
	}
	var out bytes.Buffer
	err := report.WriteJSON(&out)
	if err == nil {
		err = replaceFile(r.Resume, out.Bytes())
	}
	if err != nil {
		return fmt.Errorf("verify: resume: %w", err)
	}
	return nil
}

// ReadReportFile reads a report from a file.
func ReadReportFile(path string) (*Report, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	report, err := ReadReport(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return report, nil
}
