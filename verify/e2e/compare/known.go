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
	{Difference{"pod_generation", "1.36 keeps a metadata.generation of pods (pkg/registry/core/pod/strategy.go, PrepareForCreate)"}, generation},
	{Difference{"no_null_timestamps", "1.36 leaves out an unset creationTimestamp inside of a pod, which 1.24 writes as null " +
		"(apimachinery, pkg/apis/meta/v1/types.go, ObjectMeta: omitzero)"}, nullTimestamps},
	{Difference{"negative_grace_period", "1.36 stores a negative terminationGracePeriodSeconds as 1 (pkg/apis/core/v1/conversion.go)"}, negativeGracePeriod},
}

// verdicts are differences of what is refused at all.
var verdicts = []struct {
	Difference
	explains func(before, after *clusters.Outcome) bool
}{
	{Difference{"other_admission_first", "RuntimeClass and Priority admission come before webhooks and came after the plugin " +
		"(pkg/kubeapiserver/options/plugins.go, AllOrderedPlugins): what both refuse is refused in the words of who comes first"}, otherAdmissionFirst},
	{Difference{"sysctls_of_the_host", "1.36 takes no namespaced sysctls with hostNetwork or hostIPC " +
		"(pkg/apis/core/validation/validation.go, validateSysctls)"}, sysctlsOfTheHost},
	{Difference{"host_users", "1.36 takes no hostUsers: false together with namespaces of the host, and procMount Unmasked with it alone " +
		"(pkg/apis/core/validation/validation.go, validateHostUsers)"}, hostUsers},
}

func otherAdmissionFirst(before, after *clusters.Outcome) bool {
	return before.Kind == clusters.Denied && after.Kind == clusters.Failed &&
		(strings.Contains(after.Message, "pod rejected: RuntimeClass ") || strings.Contains(after.Message, "priority admission controller computed") ||
			strings.Contains(after.Message, "no PriorityClass with name") || after.Message == "resource name may not be empty")
}

func sysctlsOfTheHost(before, after *clusters.Outcome) bool {
	return before.Kind == clusters.Admitted && after.Kind == clusters.Invalid &&
		(strings.Contains(after.Message, "may not be specified when 'hostNetwork' is true") ||
			strings.Contains(after.Message, "may not be specified when 'hostIPC' is true"))
}

func hostUsers(before, after *clusters.Outcome) bool {
	return before.Kind == clusters.Admitted && after.Kind == clusters.Invalid &&
		(strings.Contains(after.Message, "when `hostUsers` is false") || strings.Contains(after.Message, "`hostUsers` must be false to use `Unmasked`"))
}

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

func negativeGracePeriod(old, current object) bool {
	const field = "terminationGracePeriodSeconds"
	seconds, ok := at(old, "spec")[field].(float64)
	if !ok || seconds >= 0 || at(current, "spec")[field] != float64(1) {
		return false
	}
	at(old, "spec")[field] = float64(1)
	return true
}

// nullTimestamps takes them out of the old pod, and of the new one there is nothing to take.
func nullTimestamps(old, _ object) bool {
	found := false
	var visit func(any)
	visit = func(value any) {
		switch value := value.(type) {
		case object:
			if timestamp, ok := value["creationTimestamp"]; ok && timestamp == nil {
				delete(value, "creationTimestamp")
				found = true
			}
			for _, member := range value {
				visit(member)
			}
		case []any:
			for _, item := range value {
				visit(item)
			}
		}
	}
	visit(old)
	return found
}
