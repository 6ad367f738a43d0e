// SPDX-License-Identifier: Apache-2.0

package cases

// oddText is a string whose quoting is easy to get wrong: errors quote values as Go does, messages
// and patches travel as JSON, annotation keys stand in JSON pointers.
func (g *gen) oddText() string {
	return pick(g,
		`quote"d`, `back\slash`, "new\nline", "tab\tand\rreturn", "bell\aand\x00nul", "del\x7f", "ünï", "e\u0301",
		"\u2028\u2029", "\u200b\ufeff", "\U0001F600", "\U000E0001", "\u0085\u00a0", "%s %d %!", "`tick`", "<&>'",
		"{{ x }}", "~0~1/", "]", " ", "a, b", "[{1 2}]",
	)
}

// less is the text without its last character.
func less(text string) string { return text[:max(0, len(text)-1)] }

// text is one of the values, or now and then an odd text.
func (g *gen) text(values ...string) string {
	if g.chance(0.06) {
		return g.oddText()
	}
	return pick(g, values...)
}
