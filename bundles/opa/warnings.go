// SPDX-License-Identifier: Apache-2.0

package opa

import (
	"bytes"
	"fmt"
)

// mutateName is the library's module that answers the mutating webhook.
const mutateName = "psp/mutate.rego"

const (
	admitted = "\t\t\"auditAnnotations\": {\"admit-policy\": choice.admit},\n"
	warning  = "\t\t\"warnings\": response.warnings,\n"
)

// warn has the answer that admits a pod carry warnings. It is a line more in the module, because a condition there would be paid for by
// every decision of every bundle.
func warn(mutate []byte) ([]byte, error) {
	if n := bytes.Count(mutate, []byte(admitted)); n != 1 {
		return nil, fmt.Errorf("%s: admits in %d places, and warnings go to one", mutateName, n)
	}
	return bytes.Replace(mutate, []byte(admitted), []byte(admitted+warning), 1), nil
}
