// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"psp2rego/translate/diagnostic"
)

// reader gathers what one Read finds. Files are cut into units one after the other; the units are decoded in parallel and
// their results put together in the order of the input.
type reader struct {
	objects    []*Object
	diags      diagnostic.Collector
	unreadable bool
	others     map[string]int // objects of no interest, by kind
	seen       int            // objects of any kind
	failures   int            // findings that are errors
	total      int            // bytes read
	planned    int            // units found

	pending []unit
	limits  budget
	nodes   *nodeCache // shared by the objects, which outlive the reader
}

// batch is how many units a worker takes at a time, and flushAt how many are gathered before decoding starts.
const (
	batch   = 32
	flushAt = 1 << 15
)

// result is what one batch of units holds.
type result struct {
	objects    []*Object
	findings   []finding
	unreadable bool
	others     map[string]int
	seen       int
	broken     bool // an item of a cut list made no sense by itself
}

// finding is a diagnostic whose position is worked out only if somebody will see it. Where may be nil.
type finding struct {
	diagnostic.Diagnostic
	where func() diagnostic.Position
}

func (res *result) add(d diagnostic.Diagnostic, where func() diagnostic.Position) {
	d.Severity = diagnostic.Error
	res.findings = append(res.findings, finding{d, where})
}

// fail reports input that could not be read.
func (res *result) fail(d diagnostic.Diagnostic, where func() diagnostic.Position) {
	res.add(d, where)
	res.unreadable = true
}

func (r *reader) fail(d diagnostic.Diagnostic) {
	res := result{}
	res.fail(d, nil)
	r.take(&res)
}

func (r *reader) take(res *result) {
	r.objects = append(r.objects, res.objects...)
	for _, f := range res.findings {
		if f.where != nil && r.diags.Wants(f.Code) {
			f.Pos = f.where()
		}
		r.diags.Add(f.Diagnostic)
	}
	r.failures += len(res.findings)
	r.unreadable = r.unreadable || res.unreadable
	r.seen += res.seen
	if r.others == nil {
		r.others = map[string]int{}
	}
	for kind, n := range res.others {
		r.others[kind] += n
	}
}

// flush decodes the units that have been gathered.
func (r *reader) flush(ctx context.Context) {
	results := r.decode(ctx, r.pending)
	for i := range results {
		r.take(&results[i])
	}
	r.pending = r.pending[:0]
}

// decode decodes units in parallel and returns their results in order.
func (r *reader) decode(ctx context.Context, units []unit) []result {
	results := make([]result, (len(units)+batch-1)/batch)
	var next atomic.Int64
	work := func() {
		for ctx.Err() == nil {
			b := int(next.Add(1)) - 1
			if b >= len(results) {
				return
			}
			d := decoder{result: &results[b], limits: &r.limits, nodes: r.nodes}
			for i := b * batch; i < min((b+1)*batch, len(units)); i++ {
				d.unit(units[i])
			}
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(results)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return results
}

// otherKinds says in one note what was left out.
func (r *reader) otherKinds() {
	kinds := slices.Collect(maps.Keys(r.others))
	slices.SortFunc(kinds, func(a, b string) int {
		if r.others[a] != r.others[b] {
			return r.others[b] - r.others[a]
		}
		return strings.Compare(a, b)
	})
	const shown = 10
	total := 0
	var names []string
	for i, kind := range kinds {
		total += r.others[kind]
		if i < shown {
			names = append(names, fmt.Sprintf("%d %s", r.others[kind], kind))
		}
	}
	if len(kinds) > shown {
		names = append(names, fmt.Sprintf("and %d more kinds", len(kinds)-shown))
	}
	switch total {
	case 0:
		return
	case 1:
		names[0] = "1 object of another kind ignored: " + strings.TrimPrefix(names[0], "1 ")
	default:
		names[0] = fmt.Sprintf("%d objects of other kinds ignored: %s", total, names[0])
	}
	r.diags.Add(diagnostic.Diagnostic{
		Severity: diagnostic.Note, Code: diagnostic.OtherKinds, Message: strings.Join(names, ", "),
		Hint: "only policies, roles and bindings say who may run which pod",
	})
}
