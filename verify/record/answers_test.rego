# METADATA
# title: tests
# description: |
#   How the recorded cases are put to this bundle. A case has a request, and what
#   Kubernetes' own admission plugin answered to it: when it chose a policy and filled
#   in defaults (mutate), and when it judged the same pod as it stands (validate).
# custom:
#   spdx: Apache-2.0
package psp.tests

import data.psp

# METADATA
# description: true if the bundle answers as the plugin did; grants says who may use which policy
agrees(case, grants) if {
	mutate(case, grants) == _mutated(case)
	validate(case, grants) == case.validate
}

# METADATA
# description: what data.psp.mutate answers, in the words of the cases, with the pod that it leaves
mutate(case, grants) := object.union(_answer(answer, "admit-policy", []), {"object": pod}) if {
	answer := psp.mutate with input as review(case) with data.lib.psp.grants as grants
	answer.response.allowed == true
	operations := json.unmarshal(base64.decode(object.get(answer.response, "patch", "W10=")))
	pod := json.patch(case.request.object, operations)
} else := _answer(answer, "admit-policy", blocks) if {
	answer := psp.mutate with input as review(case) with data.lib.psp.grants as grants
	answer.response.allowed == false
	blocks := _blocks(answer, case, grants)
	_unpatched(answer)
}

# METADATA
# description: what data.psp.validate answers, in the words of the cases
validate(case, grants) := _answer(answer, "validate-policy", blocks) if {
	answer := psp.validate with input as review(case) with data.lib.psp.grants as grants
	blocks := _blocks(answer, case, grants)
	_unpatched(answer)
}

# METADATA
# description: the AdmissionReview of a case
review(case) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": object.union(
		{
			"uid": "recorded",
			"kind": {"group": "", "version": "v1", "kind": "Pod"},
			"resource": {"group": "", "version": "v1", "resource": "pods"},
		},
		case.request,
	),
}

# what the plugin writes stands in the case as the members that it changed, lists as a whole
_mutated(case) := object.union(
	object.remove(case.mutate, ["writes"]),
	{"object": object.union(case.request.object, object.get(case.mutate, "writes", {}))},
) if {
	case.mutate.allowed
} else := case.mutate

# the violations that a refusal tells, joined to one text for each policy that has some
_blocks(answer, case, grants) := [] if {
	answer.response.allowed == true
} else := [concat(" ", lines) | some lines in refusal; count(lines) > 0] if {
	refusal := psp.refusal with input as review(case) with data.lib.psp.grants as grants
}

_answer(answer, key, blocks) := {"allowed": true, "policy": answer.response.auditAnnotations[key]} if {
	_sound(answer)
	answer.response.allowed == true
	object.keys(answer.response.auditAnnotations) == {key}
} else := {"allowed": true} if {
	_sound(answer)
	answer.response.allowed == true
	not answer.response.auditAnnotations
} else := {"allowed": false, "message": head, "violations": sort(blocks)} if {
	_forbidden(answer)
	message := answer.response.status.message
	head := split(message, ": [")[0]
	message == concat("", [head, ": [", concat(" ", blocks), "]"])
} else := {"allowed": false, "message": answer.response.status.message} if {
	_forbidden(answer)
	not contains(answer.response.status.message, ": [")
}

_forbidden(answer) if {
	_sound(answer)
	answer.response.allowed == false
	answer.response.status.code == 403
	answer.response.status.reason == "Forbidden"
}

_sound(answer) if {
	answer.apiVersion == "admission.k8s.io/v1"
	answer.kind == "AdmissionReview"
	answer.response.uid == "recorded"
}

_unpatched(answer) if not answer.response.patch
