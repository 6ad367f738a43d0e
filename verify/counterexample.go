// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"regexp"
	"strings"
)

// Sentence says what differs, and in which phase.
func (d *Divergence) Sentence() string {
	text := string(d.Class.Effect())
	if d.Class != d.Class.Effect() {
		text += fmt.Sprintf(" (%s)", d.Class)
	}
	if d.Phase != "" {
		text += fmt.Sprintf(" in %s", d.Phase)
	}
	return text + ": " + d.Headline()
}

// Headline is what differs, on one line.
func (d *Divergence) Headline() string {
	detail, _, _ := strings.Cut(d.Detail, "\n")
	return printable(strings.TrimSuffix(detail, ":"))
}

// place says where the case comes from and what became of it.
func (d *Divergence) place() string {
	if d.Pass == PassReplay {
		return "a recorded case"
	}
	text := fmt.Sprintf("seed %d, %s, cluster %d", d.Seed, d.Pass, d.Cluster)
	if d.Case >= 0 {
		text += fmt.Sprintf(", case %d", d.Case)
	}
	if d.Check != "" && d.Check != CauseGrants {
		text += ", varying " + d.Check
	}
	switch {
	case d.Shrunk.Of == 0:
	case d.Shrunk.Minimal:
		text += fmt.Sprintf("; shrunk from %d parts to %d, none of which can go", d.Shrunk.Of, d.Shrunk.Parts)
	default:
		text += fmt.Sprintf("; shrunk from %d parts to %d before the budget was spent", d.Shrunk.Of, d.Shrunk.Parts)
	}
	return text
}

// YAML is the cluster and the request of the divergence: a case file without the answers.
func (d *Divergence) YAML() string {
	c := d.CaseFile()
	c.Comment, c.Native, c.Ours = "", nil, nil
	data, err := c.Format()
	if err != nil {
		return err.Error() + "\n"
	}
	return string(data)
}

// CaseFile is the divergence as a file.
func (d *Divergence) CaseFile() *CaseFile {
	comment := d.Sentence() + "\n"
	if d.Deciding != nil {
		comment += "deciding field: " + printable(d.Deciding.String()) + "\n"
	}
	if d.Pass != PassReplay {
		comment += d.place() + "\n"
	}
	return &CaseFile{
		Comment: comment, Dialect: d.Dialect, Objects: d.Objects, Request: d.Request, Phase: d.Only,
		Native: d.Native, Ours: d.Ours,
	}
}

// ReplayCommand is the command that shows a divergence of the report again, in words for a shell:
// from its file if it has one, else by the run in which it was found, which then writes a file. It
// is empty when neither is known.
func (r *Report) ReplayCommand(d *Divergence) []string {
	switch {
	case d.File != "":
		words := []string{"psp2rego", "verify"}
		for _, path := range r.given() {
			words = append(words, "--policies", path)
		}
		if r.Cluster != nil {
			words = append(words, r.Cluster.Command...)
		}
		return quoted(append(words, "--replay", d.File))
	case len(r.Command) == 0:
		return nil
	case d.Pass == PassReplay:
		return quoted(r.Command)
	}
	return append(quoted(r.Command), "--record", "DIR")
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// quoted are words as a shell has to be given them.
func quoted(words []string) []string {
	list := make([]string, len(words))
	for i, word := range words {
		if list[i] = word; !plainWord.MatchString(word) {
			list[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return list
}
