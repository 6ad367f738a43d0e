package psp

import data.lib.psp.choice
import data.lib.psp.policies
import data.lib.psp.request
import data.lib.psp.requester
import data.lib.psp.response
import data.lib.psp.shape
import data.lib.psp.text
import data.psp.provenance

# METADATA
# description: |
#   Why a pod is let in or not, policy by policy: usable and reason (would the admission
#   plugin build a provider, and why not), authorized and grants (may it be used, and
#   through which bindings), accepts, violations in native's words and order, and
#   writes ([place, key, value]). mutate and validate name the policies that decide, and
#   are absent where all refuse. problem says why a request cannot be judged at all.
# entrypoint: true
explain := {"policies": {}, "problem": request.problem} if {
	request.problem
} else := {"policies": {}, "problem": "native PodSecurityPolicy leaves this request alone"} if {
	not request.judged
} else := {"policies": {}, "problem": shape.problem} if {
	not shape.sound
} else := object.union({"policies": _policies}, _chosen)

# METADATA
# description: |
#   What the message of a refusal is made of: by policy that may be used, what it says against
#   the pod, in native's words and order. Native joins the policies in an order of its own.
refusal := response.blocks

_chosen["mutate"] := choice.admit

_chosen["validate"] := choice.validate

_policies[name] := {
	"usable": usable,
	"reason": object.get(policies[name], "unusable", ""),
	"authorized": count({name, "*"} & requester.policies) > 0,
	"grants": _grants(name),
	"accepts": object.get(policies[name], "accepts", false),
	"violations": text.lines(object.get(policies[name], "violations", set())),
	"writes": [[place, key, value] |
		some place, values in object.get(policies[name], "writes", {})
		some key, value in values
	],
} if {
	some name
	usable := policies[name].provider
}

_grants(name) := [{"subject": subject, "binding": grant.binding, "role": grant.role, "namespace": namespace} |
	some subject, granted in _subjects
	some grant in granted
	count({name, "*"} & {policy | some policy in grant.policies}) > 0
	namespace := object.get(grant, "namespace", "")
	namespace in {"", request.namespace}
]

_subjects[concat(" ", ["User", user])] := provenance.users[user] if some user in requester.users

_subjects[concat(" ", ["Group", group])] := provenance.groups[group] if some group in requester.groups
