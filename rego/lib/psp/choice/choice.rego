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
import data.lib.psp.server

# METADATA
# description: the policy that Admit chooses; undefined when every one refuses
admit := min({[changes, name] |
	some name in _granted
	policies[name].accepts == true
	changes := policies[name].writes != server.unchanged
})[1]

# METADATA
# description: |
#   the policy that Validate names, the one in the pod's annotation first; undefined
#   when none accepts the pod as it stands
validate := min({[others, name] |
	some name in _granted
	policies[name].accepts == true
	policies[name].writes == {}
	others := name != object.get(pod.annotations, "kubernetes.io/psp", null)
})[1]

# METADATA
# description: policies that can be used at all and that the requester may use
authorized := {name | some name in _granted; policies[name].provider == true}

# METADATA
# description: true when at least one policy can be used, by whomever
providers if policies[_].provider == true

_granted := {name | policies[name].provider == true} if {
	"*" in requester.policies
} else := requester.policies
