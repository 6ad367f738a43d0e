# METADATA
# title: gatekeeper
# description: |
#   What Gatekeeper asks: native Validate as one violation for all policies, because a pod
#   passes if one of them accepts it. Gatekeeper's audit, gator and ExpansionTemplates ask
#   without a requester. Then the pod's service account is judged,
#   and the policy that the pod's annotation names; and a pod that is not in the cluster yet
#   has still to get its defaults, so that it is judged as native Admit does.
package gatekeeper

import data.lib.psp.choice
import data.lib.psp.grants
import data.lib.psp.pod
import data.lib.psp.policies
import data.lib.psp.request
import data.lib.psp.requester
import data.lib.psp.response
import data.lib.psp.shape
import data.lib.psp.text
import data.lib.psp.update

# METADATA
# description: |
#   no policy that may be used accepts the pod. details has, by policy, the lines against the
#   pod, and the fields that a policy would have filled in
# entrypoint: true
violation contains {"msg": _message, "details": _details} if not _passes

_passes if {
	request.judged
	shape.sound
	_accepted
}

_passes if {
	not request.judged
	not request.problem
}

_passes if {
	request.judged
	shape.sound
	update.ignored
}

_accepted if choice.validate

_accepted if {
	not _stored
	choice.admit
}

_accepted if {
	policies[_noted].accepts == true
	policies[_noted].writes == {}
}

_accepted if {
	not _stored
	policies[_noted].accepts == true
}

# false only for a pod that nobody asks about and that no API server has seen
_stored if not request.unasked

_stored if request.review.object.metadata.uid

# the policy that the annotation names, where nobody says who asked
_noted := name if {
	request.unasked
	name := pod.annotations["kubernetes.io/psp"]
	policies[name].provider == true
}

_message := response.refuse(request.problem).response.status.message if {
	request.problem
} else := response.refuse(shape.problem).response.status.message if {
	not shape.sound
} else := response.refuse(grants.problem).response.status.message if {
	grants.problem
} else := _refusal if {
	not request.unasked
} else := sprintf("%s (asked without a requester: judged for %s)", [_refusal, _judged_for]) if {
	not _noted
} else := sprintf(
	"%s (asked without a requester: judged for %s, and by %q of the annotation kubernetes.io/psp: [%s])",
	[_refusal, _judged_for, _noted, concat(" ", text.lines(policies[_noted].violations))],
) if {
	_noted
} else := "PodSecurityPolicy: the template came to no decision"

_refusal := response.refuse_pod(_phase).response.status.message

_phase := "validate" if {
	_stored
} else := "admit"

# the pod's service account, the last of them
_judged_for := requester.users[count(requester.users) - 1]

_details := {
	"defaults": {name: lacking |
		some name in choice.authorized
		policies[name].accepts == true
		lacking := {response.path(place, key): value |
			some place, values in policies[name].writes
			some key, value in values
		}
		lacking != {}
	},
	"refused": response.blocks,
} if {
	request.judged
	shape.sound
} else := {}
