// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"strings"

	"psp2rego/verify/e2e/clusters"
)

type object = map[string]any

// Difference is one between API servers, which has nothing to do with policies.
type Difference struct {
	// Name is what reports call it.
	Name string
	// Reason says what the newer server does, and where that is written.
	Reason string
}

// stored are differences of what is stored. apply makes the old pod what a newer server would have stored, and says whether that changed anything.
var stored = []struct {
	Difference
	apply func(old, current object) bool
}{
	{Difference{"pod_generation", "metadata.generation of pods is 1 from 1.33 on (pkg/registry/core/pod/strategy.go, PrepareForCreate)"}, generation},
}

// verdicts are differences of what is refused at all.
var verdicts = []struct {
	Difference
	explains func(before, after *clusters.Outcome) bool
}{}

// Names are those of all differences.
func Names() []string {
	var names []string
	for _, d := range stored {
		names = append(names, d.Name)
	}
	for _, d := range verdicts {
		names = append(names, d.Name)
	}
	return names
}

func at(o object, path string) object {
	for _, key := range strings.Split(path, ".") {
		o, _ = o[key].(object)
	}
	return o
}

func generation(old, current object) bool {
	now, ok := at(current, "metadata")["generation"]
	if !ok || at(old, "metadata")["generation"] != nil {
		return false
	}
	at(old, "metadata")["generation"] = now
	return true
}
