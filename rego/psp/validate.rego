package psp

import data.lib.psp.choice
import data.lib.psp.request
import data.lib.psp.response
import data.lib.psp.shape
import data.lib.psp.update

# METADATA
# description: |
#   Native Validate as the answer of a validating webhook: does some policy that the
#   requester may use accept the pod as it stands? Never a patch.
# entrypoint: true
validate := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"response": {
		"uid": request.uid,
		"allowed": true,
		"auditAnnotations": {"validate-policy": choice.validate},
	},
} if {
	request.judged
	shape.sound
	not update.ignored
} else := response.unjudged if {
	not request.judged
} else := response.refuse(shape.problem) if {
	not shape.sound
} else := response.let_through if {
	update.ignored
} else := response.refuse_pod("validate") if {
	not choice.validate
} else := response.refuse("the bundle came to no decision")
