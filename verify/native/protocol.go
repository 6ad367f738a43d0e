// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// protocolVersion is the version of the evaluator protocol that is spoken here.
const protocolVersion = 1

// greeting is the first line an evaluator writes.
type greeting struct {
	Protocol int    `json:"protocol"`
	Engine   string `json:"engine"`
	Version  string `json:"version"`
}

// envelope is one line of input.
type envelope struct {
	ID      *int64       `json:"id"`
	Op      string       `json:"op"`
	Cluster *clusterSpec `json:"cluster"`
	Request *request     `json:"request"`
}

// clusterSpec is the state a request is judged against.
type clusterSpec struct {
	Dialect string            `json:"dialect"`
	Objects []json.RawMessage `json:"objects"`
}

// requestFields are the fields of a request that an evaluator gives back as they came.
type requestFields struct {
	Operation            string                      `json:"operation"`
	Namespace            string                      `json:"namespace"`
	Name                 string                      `json:"name"`
	SubResource          string                      `json:"subResource"`
	Resource             metav1.GroupVersionResource `json:"resource"`
	Kind                 metav1.GroupVersionKind     `json:"kind"`
	UserInfo             *userInfo                   `json:"userInfo,omitempty"`
	ServiceAccountPlugin *bool                       `json:"serviceAccountPlugin,omitempty"`
}

// userInfo is the requester.
type userInfo struct {
	Username string   `json:"username"`
	Groups   []string `json:"groups"`
}

// request is a request for admission, as it reaches the API server.
type request struct {
	requestFields
	Object    json.RawMessage `json:"object"`
	OldObject json.RawMessage `json:"oldObject"`
}

// preparedRequest is a request as a webhook would see it. The objects are a *v1.Pod, or
// the bytes that came in when the request is not about a pod, or nil.
type preparedRequest struct {
	requestFields
	Object    any `json:"object,omitempty"`
	OldObject any `json:"oldObject,omitempty"`
}

// verdict is the outcome of one phase of the plugin.
type verdict struct {
	Handled          bool              `json:"handled"`
	Allowed          bool              `json:"allowed"`
	Policy           string            `json:"policy,omitempty"`
	Object           any               `json:"object,omitempty"`
	Message          string            `json:"message,omitempty"`
	AuditAnnotations map[string]string `json:"auditAnnotations,omitempty"`
}

// created is what the pod strategy makes of a pod between the phases.
type created struct {
	Object any      `json:"object"`
	Errors []string `json:"errors"`
}

// answer is one line of output.
type answer struct {
	ID       *int64           `json:"id"`
	Request  *preparedRequest `json:"request,omitempty"`
	Admit    *verdict         `json:"admit,omitempty"`
	Created  *created         `json:"created,omitempty"`
	Validate *verdict         `json:"validate,omitempty"`
	Error    *fault           `json:"error,omitempty"`
}

// The kinds of a fault.
const (
	faultUsage    = "usage"    // the line breaks the protocol
	faultDecode   = "decode"   // an object cannot be decoded, or never gets as far as the plugin
	faultInternal = "internal" // the evaluator or the code it links went wrong
)

// fault is why a line has no proper answer.
type fault struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// Error returns the message.
func (f *fault) Error() string { return f.Message }
