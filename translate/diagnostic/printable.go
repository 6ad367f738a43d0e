// SPDX-License-Identifier: Apache-2.0

package diagnostic

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable writes whatever could break or restyle a terminal line (controls, line separators, bidirectional marks,
// bytes that are no UTF-8) as a Go escape and leaves everything else alone.
func Printable(s string) string {
	if strings.IndexFunc(s, unsafe) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i])|0x100, 16)[1:])
		case unsafe(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unsafe reports whether a character must not reach a terminal as it is.
func unsafe(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}
