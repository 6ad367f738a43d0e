// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"psp2rego/verify/cases"
)

// junitSuites is the JUnit form of a report, as CI systems read it.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	ClassName string        `xml:"classname,attr"`
	Name      string        `xml:"name,attr"`
	Failure   *junitProblem `xml:"failure"`
	Error     *junitProblem `xml:"error"`
	Skipped   *junitProblem `xml:"skipped"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the report for CI systems: a suite for each pass, a test for each property that
// is compared and for each check. A pass that has a divergence has a test that fails.
func (r *Report) WriteJUnit(w io.Writer) error {
	all := junitSuites{Name: "psp2rego verify", Time: strconv.FormatFloat(r.Elapsed.Seconds(), 'f', 3, 64)}
	for _, t := range r.Passes {
		suite := r.junitSuite(t)
		all.Suites = append(all.Suites, suite)
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Errors += suite.Errors
		all.Skipped += suite.Skipped
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return fmt.Errorf("report as JUnit: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r *Report) junitSuite(t *Tally) junitSuite {
	suite := junitSuite{Name: t.Name, Properties: r.junitProperties(t)}
	add := func(group string, c junitCase) {
		c.ClassName = "verify." + strings.ReplaceAll(t.Name, " ", "_") + "." + group
		suite.Tests++
		switch {
		case c.Failure != nil:
			suite.Failures++
		case c.Error != nil:
			suite.Errors++
		case c.Skipped != nil:
			suite.Skipped++
		}
		suite.Cases = append(suite.Cases, c)
	}
	judged := junitCase{Name: "cases were judged"}
	if t.Phases[Mutate].Asked+t.Phases[Validate].Asked == 0 && t.Divergences[Untranslated] == 0 {
		judged.Error = &junitProblem{Message: "nothing was judged", Text: r.tallyText(t)}
	}
	add("run", judged)
	add("run", r.junitWhole(t))
	add("run", r.junitDecided(t))
	for _, class := range Classes() {
		add("property", r.junitCase(t, property(class), t.Divergences[class], func(d *Divergence) bool { return d.Class == class }))
	}
	if !t.varied() {
		return suite
	}
	rest := -t.Divergences[Untranslated]
	for _, n := range t.Divergences {
		rest += n
	}
	for _, name := range cases.Checks() {
		n := t.Checks[name]
		c := r.junitCase(t, name, n.Divergences, func(d *Divergence) bool { return d.Check == name })
		rest -= n.Divergences
		if n.Cases == 0 {
			c.Skipped = &junitProblem{Message: "no case varied it"}
		}
		add("check", c)
	}
	add("check", r.junitCase(t, "requests that vary no single check", rest, func(d *Divergence) bool {
		return !slices.Contains(cases.Checks(), d.Check) && d.Class != Untranslated
	}))
	return suite
}

// property is what a class of divergences contradicts.
func property(class Class) string {
	switch class {
	case FailOpen:
		return "what native refuses is refused"
	case Fault:
		return "every request is answered"
	case FailClosed:
		return "what native allows is allowed"
	case Mutation:
		return "pods are changed as native changes them"
	case NotMutated:
		return "native's defaults are filled in"
	case Policy:
		return "the same policy is chosen and told"
	case Message:
		return "refusals say the same"
	}
	return "what native takes is translated" // Untranslated
}

// junitCase is a test that fails if there are divergences; those that were kept are its text.
func (r *Report) junitCase(t *Tally, name string, count int, matches func(*Divergence) bool) junitCase {
	c := junitCase{Name: name}
	if count == 0 {
		return c
	}
	c.Failure = &junitProblem{Message: fmt.Sprintf("%d divergence%s", count, plural(count)), Type: "divergence"}
	var text strings.Builder
	p := &printer{w: &text}
	for i, d := range r.Divergences {
		if d.Pass == t.Name && matches(d) {
			if c.Failure.Type == "divergence" {
				c.Failure.Type = string(d.Class.Effect())
				c.Failure.Message += ": " + d.Sentence()
			}
			p.divergence(i+1, r, d)
			p.f("\n")
		}
	}
	c.Failure.Text = cmp.Or(text.String(), "They are counted, and none of them is kept in full.\n")
	return c
}

func (r *Report) junitProperties(t *Tally) []junitProperty {
	list := []junitProperty{
		{"kubernetes", r.Native}, {"opa", r.OPA}, {"psp2rego", r.Tool}, {"seed", strconv.FormatUint(r.Seed, 10)},
		{"server", r.Server}, {"dialect", r.Dialect}, {"cases", strconv.Itoa(t.Cases)},
	}
	for _, id := range slices.Sorted(maps.Keys(t.Known)) {
		list = append(list, junitProperty{"known difference " + id, strconv.Itoa(t.Known[id])})
	}
	for _, reason := range slices.Sorted(maps.Keys(t.Discarded)) {
		list = append(list, junitProperty{"discarded: " + reason, strconv.Itoa(t.Discarded[reason])})
	}
	return list
}

func (r *Report) tallyText(t *Tally) string {
	var text strings.Builder
	(&printer{w: &text}).tally(t)
	return text.String()
}

// junitWhole is the test that the run came to its end.
func (r *Report) junitWhole(t *Tally) junitCase {
	c := junitCase{Name: "the run was not interrupted"}
	if r.Stopped == StoppedByInterrupt {
		c.Error = &junitProblem{Message: r.verdict(), Text: r.tallyText(t)}
	}
	return c
}

// junitDecided is the test that the checks were seen to decide.
func (r *Report) junitDecided(t *Tally) junitCase {
	c := junitCase{Name: "every check was seen to decide"}
	var texts []string
	for _, u := range r.Undecided() {
		if slices.Contains(u.Passes, t.Name) {
			texts = append(texts, u.String())
		}
	}
	switch {
	case len(texts) == 0:
	case r.AllowUndecided || r.partial():
		c.Skipped = &junitProblem{Message: fmt.Sprintf("%d were not, which is accepted", len(texts))}
	default:
		c.Error = &junitProblem{Message: fmt.Sprintf("%d were not", len(texts)), Text: strings.Join(texts, "\n")}
	}
	return c
}
