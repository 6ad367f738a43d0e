# METADATA
# title: psp
# description: Entry points for an API server's admission webhooks, and for people who ask why.
package psp

import data.lib.psp.choice
import data.lib.psp.patch
import data.lib.psp.request
import data.lib.psp.response
import data.lib.psp.shape

# METADATA
# description: |
#   Native Admit as the answer of a mutating webhook: chooses a policy, fills in its
#   defaults as a JSONPatch, or refuses. Updates pass: native validates them only.
# entrypoint: true
mutate := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"response": {
		"uid": request.uid,
		"allowed": true,
		"patchType": "JSONPatch",
		"patch": base64.encode(json.marshal(patch.operations)),
		"auditAnnotations": {"admit-policy": choice.admit},
	},
} if {
	request.judged
	shape.sound
	request.review.operation != "UPDATE"
} else := response.unjudged if {
	not request.judged
} else := response.refuse(shape.problem) if {
	not shape.sound
} else := response.let_through if {
	request.review.operation == "UPDATE"
} else := response.refuse_pod("admit") if {
	not choice.admit
} else := response.refuse("the bundle came to no decision")
