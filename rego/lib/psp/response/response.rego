# METADATA
# title: response
# description: Answers, as admission.k8s.io/v1 AdmissionReview.
package lib.psp.response

import data.lib.psp.choice
import data.lib.psp.policies
import data.lib.psp.request
import data.lib.psp.text

# METADATA
# description: the answer to what native leaves alone
let_through := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"response": {"uid": request.uid, "allowed": true},
}

# METADATA
# description: the answer to a request that is not judged, or cannot be
unjudged := refuse(request.problem) if {
	request.problem
} else := let_through

# METADATA
# description: a refusal that says why
refuse(why) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"response": {
		"uid": request.uid,
		"allowed": false,
		"status": {
			"code": 403,
			"message": sprintf("PodSecurityPolicy: %s", [why]),
			"reason": "Forbidden",
		},
	},
}

# METADATA
# description: the refusal of a pod by every policy that may be used; phase is admit or validate
refuse_pod(phase) := refuse(sprintf("unable to %s pod: [%s]", [phase, concat(" ", _lines)])) if {
	choice.providers
} else := refuse("no providers available to validate pod request")

# METADATA
# description: what the policies that may be used say against the pod, by policy, in native's words
blocks := {name: text.lines(policies[name].violations) | some name in choice.authorized}

_lines := [line | some lines in blocks; some line in lines]

# METADATA
# description: |
#   what the chosen policy filled in, for whoever creates the pod: at most five lines of at most
#   120 characters, as API servers want warnings
warnings := [_short(line) | some line in _told] if {
	count(_told) <= 5
} else := array.concat(
	[_short(line) | some line in array.slice(_told, 0, 4)],
	[_short(sprintf("PodSecurityPolicy %q set %d more fields", [choice.admit, count(_told) - 4]))],
)

_told := [sprintf("PodSecurityPolicy %q set %s", [choice.admit, path(place, key)]) |
	some place, values in policies[choice.admit].writes
	some key, _ in values
]

# METADATA
# description: a field's Kubernetes path, by the place and key under which a policy writes it
path(place, key) := sprintf("metadata.annotations[%s]", [key]) if {
	place == "/metadata/annotations"
} else := concat(".", [start, key]) if {
	start := replace(trim_prefix(regex.replace(place, `/([0-9]+)`, "[$1]"), "/"), "/", ".")
}

_short(line) := line if {
	count(line) <= 120
} else := sprintf("%s...", [substring(line, 0, 117)])
