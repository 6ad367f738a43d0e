// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"fmt"
	"io"
)

// Formats are the names of the forms in which Write writes a report, the default first.
func Formats() []string { return []string{"text", "json", "junit", "html"} }

// Write writes the report in one of Formats, whole or, if that fails, not at all.
func (r *Report) Write(w io.Writer, format string) error {
	var out bytes.Buffer
	var err error
	switch format {
	case "text":
		err = r.WriteText(&out)
	case "json":
		err = r.WriteJSON(&out)
	case "junit":
		err = r.WriteJUnit(&out)
	case "html":
		err = r.WriteHTML(&out)
	default:
		err = fmt.Errorf("no report format %q", format)
	}
	if err != nil {
		return err
	}
	_, err = w.Write(out.Bytes())
	return err
}
