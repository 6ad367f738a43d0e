# METADATA
# title: choice
# description: |
#   Which policy decides. Policies are a disjunction: one that the requester may use
#   has to accept the whole pod. Admit prefers the first by name that changes
#   nothing; Validate knows no other.
#   computeSecurityContext in plugin/pkg/admission/security/podsecuritypolicy/admission.go (v1.24.17)
package lib.psp.choice

import data.lib.psp.pod
import data.lib.psp.policies
import data.lib.psp.requester

# METADATA
# description: the policy that Admit chooses; undefined when every one refuses
admit := name if {
	name := min(_unchanged)
} else := min(_accepting)

# METADATA
# description: |
#   the policy that Validate names, the one in the pod's annotation first; undefined
#   when none accepts the pod as it stands
validate := _hint if {
	_hint in _unchanged
} else := min(_unchanged)

# METADATA
# description: policies that can be used at all and that the requester may use
authorized contains name if {
	some name in requester.policies
	policies[name].provider == true
}

authorized contains name if {
	"*" in requester.policies
	policies[name].provider == true
}

# METADATA
# description: true when at least one policy can be used, by whomever
providers if policies[_].provider == true

_accepting contains name if {
	some name in requester.policies
	policies[name].accepts == true
}

_accepting contains name if {
	"*" in requester.policies
	policies[name].accepts == true
}

_unchanged contains name if {
	some name in _accepting
	policies[name].writes == {}
}

_hint := pod.annotations["kubernetes.io/psp"]
