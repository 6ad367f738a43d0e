// SPDX-License-Identifier: Apache-2.0

package record

import (
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"psp2rego/verify/cases"
)

const policyHead = `# METADATA
# title: %s
# description: |
#   What policy %[1]s says to pods whose creator may use it and no other one, as the
#   admission plugin of Kubernetes %[2]s answered. The names of the tests say what
#   creating the pod comes to.
package psp.tests.policies[%[1]s]

%[4]simport data.psp.tests

_grants := {"users": {%[3]s: {"cluster": [%[1]s]}}, "groups": {}}
`

// policyTests is the module with the cases of a policy; the first is the plain pod.
func policyTests(s *subject, version string, chosen []*candidate) ([]byte, error) {
	name, plain, imports, more := quote(s.name), chosen[0].name, "", ""
	switch {
	case !s.usable:
		imports, more = "import data.psp\n", fmt.Sprintf(skippedTest, name, plain)
	case s.asksForPorts():
		imports, more = "import data.lib.psp.policies\n", fmt.Sprintf(portsTest, name, plain)
		fallthrough
	default:
		more += fmt.Sprintf(unknownTest, plain)
	}
	head := fmt.Sprintf(policyHead, name, version, quote(cases.SyntheticPrefix+s.name), imports)
	return module(head+more, "_grants", chosen)
}

// asksForPorts says whether the policy's module has a rule for host ports.
func (s *subject) asksForPorts() bool {
	rule := ast.MustParseRef(`permits["hostPort"]`)
	return slices.ContainsFunc(s.module.Rules, func(r *ast.Rule) bool { return r.Head.Ref().Equal(rule) })
}

// portsTest is for what no pod shows of a policy that permits no port at all: a pod without host ports is not asked for them.
const portsTest = `
# a pod without host ports is not asked for them; it would pass
test_no_host_port if {
	object.get(policies[%s].permits, "hostPort", false) with input as tests.review(%s) with data.lib.psp.grants as _grants
}
`

// unknownTest is for what the plugin's API server takes out of a pod, so that the plugin was never asked: the bundle is to
// refuse it (GetVolumeFSType in pkg/security/podsecuritypolicy/util/util.go, v1.24.17).
const unknownTest = `
# nobody could ask the plugin, whose API server knew no such volume; what it does not know it refuses
test_unknown_volume if {
	plain := %s.request
	volumes := [{"name": "unknown", "sourceThatPodSecurityPolicyDoesNotKnow": {}}]
	pod := object.union(plain.object, {"spec": {"volumes": volumes}})
	answer := tests.mutate({"request": object.union(plain, {"object": pod})}, _grants)
	answer.allowed == false
	contains(concat("", answer.violations), "unknown volume type")
}
`

// skippedTest is for a policy that the plugin skips: no pod shows more.
const skippedTest = `
test_skipped if {
	policy := psp.explain.policies[%s] with input as tests.review(%s) with data.lib.psp.grants as _grants
	policy.usable == false
	policy.authorized == true
	policy.accepts == false
	policy.reason != ""
}
`

const requestersHead = `# METADATA
# title: requesters
# description: |
#   Who may use which policy, as the admission plugin of Kubernetes %s answered to
#   requesters that the bindings name, and to others.
package psp.tests.requesters

import data.lib.psp.grants
import data.psp.tests
`
