// SPDX-License-Identifier: Apache-2.0

package diagnostic

import (
	"fmt"
	"maps"
	"slices"
)

// MaxAlike is how many findings of one code a Collector keeps.
const MaxAlike = 100

// Collector gathers findings and keeps them to a number that a person can read: the first MaxAlike of each code, in the
// order in which they are added. Its zero value is empty and ready to use.
type Collector struct {
	list    List
	seen    map[string]int
	dropped map[string]Severity // the worst of those left out
}

// Wants reports whether a finding of this code would be kept. One that is not has to be added all the same, to be counted;
// nobody will look at its position.
func (c *Collector) Wants(code string) bool { return c.seen[code] < MaxAlike }

// Add adds findings.
func (c *Collector) Add(findings ...Diagnostic) {
	if c.seen == nil {
		c.seen, c.dropped = map[string]int{}, map[string]Severity{}
	}
	for _, d := range findings {
		if c.Wants(d.Code) {
			c.list = append(c.list, d)
		} else {
			c.dropped[d.Code] = max(c.dropped[d.Code], d.Severity)
		}
		c.seen[d.Code]++
	}
}

// HasErrors reports whether any finding stops the translation, be it kept or not.
func (c *Collector) HasErrors() bool {
	for _, severity := range c.dropped {
		if severity == Error {
			return true
		}
	}
	return c.list.HasErrors()
}

// List is everything that was kept, sorted, with one finding for each code that says how many there are more.
func (c *Collector) List() List {
	list := slices.Clone(c.list)
	for _, code := range slices.Sorted(maps.Keys(c.dropped)) {
		list = append(list, Diagnostic{
			Severity: c.dropped[code], Code: code, Message: fmt.Sprintf("%d more findings of this kind are not shown", c.seen[code]-MaxAlike),
		})
	}
	list.Sort()
	return list
}
