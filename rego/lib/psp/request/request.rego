# METADATA
# title: request
# description: |
#   The admission request, and whether it is one that PodSecurityPolicy judges.
#   This package alone reads input: OPA hands over a whole AdmissionReview
#   (input.request), Gatekeeper the AdmissionRequest (input.review).
package lib.psp.request

# METADATA
# description: the AdmissionRequest
review := input.request if {
	input.request
} else := input.review

# METADATA
# description: uid of the request, "" when it has none
default uid := ""

uid := input.request.uid

# METADATA
# description: namespace of the request, "" when it has none
namespace := object.get(review, "namespace", "")

# METADATA
# description: |
#   true for the creation or update of a pod, which native PodSecurityPolicy judges
#   (plugin/pkg/admission/security/podsecuritypolicy/admission.go, v1.24.17)
judged if {
	input.kind == "AdmissionReview"
	input.apiVersion == "admission.k8s.io/v1"
	input.request.resource.resource == "pods"
	input.request.resource.group == ""
	input.request.operation in {"CREATE", "UPDATE"}
	is_string(input.request.namespace)
	object.get(input.request, "subResource", "") == ""
}

# the same, in more steps, for everyone else
judged if {
	not problem
	_is_pods
	object.get(review, "subResource", "") == ""
	review.operation in {"CREATE", "UPDATE", ""}
}

# METADATA
# description: why the request cannot be told from one that is judged; undefined when it can
problem := "input is no admission.k8s.io/v1 AdmissionReview" if {
	not _is_review
} else := "the AdmissionReview has no request" if {
	not is_object(review)
} else := "the request names no resource" if {
	not _is_pods
	not _is_other
} else := "the request names no operation" if {
	not _names_operation
} else := "the request's namespace or subResource is no string" if {
	some key in ["namespace", "subResource"]
	not is_string(object.get(review, key, ""))
}

_is_review if {
	input.kind == "AdmissionReview"
	input.apiVersion == "admission.k8s.io/v1"
} else if is_object(input.review)

_is_pods if {
	review.resource.resource == "pods"
	object.get(review.resource, "group", "") == ""
} else if {
	# gator leaves the resource empty
	object.get(review, ["resource", "resource"], "") == ""
	review.kind.kind == "Pod"
	object.get(review.kind, "group", "") == ""
}

_is_other if {
	some name in [review.resource.resource, review.kind.kind]
	is_string(name)
	name != ""
}

_names_operation if {
	review.operation != ""
	is_string(review.operation)
} else if {
	# Gatekeeper's audit and expansion know no operation
	review.operation == ""
	is_object(input.review)
}
