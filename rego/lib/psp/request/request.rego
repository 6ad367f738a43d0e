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
	object.subset(input, {
		"apiVersion": "admission.k8s.io/v1",
		"kind": "AdmissionReview",
		"request": {"resource": {"group": "", "resource": "pods", "version": "v1"}},
	})
	input.request.operation in {"CREATE", "UPDATE"}
	is_string(input.request.namespace)
	not input.request.subResource
}

# the same, in more steps, for everyone else
judged if {
	not problem
	_is_pods
	object.get(review, "subResource", "") == ""
	review.operation in {"CREATE", "UPDATE", ""}
}

# METADATA
# description: |
#   true when no API server asks, but Gatekeeper of its own accord, in an audit or about the pod of a
#   workload: API servers give each request a uid, and somebody who sent it
unasked if {
	is_object(input.review)
	not input.request
	object.get(input.review, "uid", "") == ""
	object.get(input.review, ["userInfo", "username"], "") == ""
}

# METADATA
# description: why the request cannot be told from one that is judged; undefined when it can
problem := "input is no admission.k8s.io/v1 AdmissionReview" if {
	not _is_review
} else := "the AdmissionReview has no request" if {
	not _has_request
} else := "the request names no resource" if {
	not _names_resource
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

_has_request if is_object(review)

_is_pods if _resource == ["", "pods"]

_names_resource if {
	every name in _resource { is_string(name) }
	_resource[1] != ""
}

# group and name; gator leaves the resource empty and has the kind alone
_resource := ["", "pods"] if {
	object.get(review, ["resource", "resource"], "") == ""
	review.kind.kind == "Pod"
	object.get(review.kind, "group", "") == ""
} else := [object.get(review.kind, "group", ""), review.kind.kind] if {
	object.get(review, ["resource", "resource"], "") == ""
} else := [object.get(review.resource, "group", ""), review.resource.resource]

_names_operation if {
	review.operation != ""
	is_string(review.operation)
} else if {
	# Gatekeeper's audit and expansion know no operation
	review.operation == ""
	is_object(input.review)
}
