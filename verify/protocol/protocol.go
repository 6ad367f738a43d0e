// SPDX-License-Identifier: Apache-2.0

// Package protocol holds the lines that psp2rego and an evaluator exchange: version 1 of the
// evaluator protocol (docs/evaluator-protocol.md). An evaluator writes one greeting, then one
// answer line for each request line, in order, with the id of the request.
package protocol

import "encoding/json"

// Version is the protocol version that this package speaks.
const Version = 1

// NativeEngine is the name by which the evaluator that runs the upstream PodSecurityPolicy
// admission plugin greets.
const NativeEngine = "kubernetes-podsecuritypolicy"

// GatekeeperEngine is the name by which the evaluator that runs Gatekeeper's constraint client greets.
const GatekeeperEngine = "gatekeeper"

// Greeting is the first line that an evaluator writes.
type Greeting struct {
	Protocol int    `json:"protocol"`
	Engine   string `json:"engine"`
	Version  string `json:"version"`
}

// Op names what a line asks for.
type Op string

const (
	// OpCluster replaces the evaluator's policies, roles and bindings.
	OpCluster Op = "cluster"
	// OpPrepare decodes and defaults a request as an API server does before admission.
	OpPrepare Op = "prepare"
	// OpAdmit runs the mutating phase on the object as given.
	OpAdmit Op = "admit"
	// OpValidate runs the validating phase on the object as given.
	OpValidate Op = "validate"
	// OpMutate applies Gatekeeper's mutators to the object as given.
	OpMutate Op = "mutate"
	// OpReview runs prepare, admit, the pod strategy and validate in one line.
	OpReview Op = "review"
)

// Line is one request line.
type Line struct {
	ID      int64    `json:"id"`
	Op      Op       `json:"op"`
	Cluster *Cluster `json:"cluster,omitempty"`
	Request *Request `json:"request,omitempty"`
}

// Cluster is the state that decides requests: PodSecurityPolicies, roles and bindings as JSON
// objects. The zero value has no policies, so it refuses every pod. An evaluator of emitted policies
// reads those from Paths, and takes the objects for what the cluster holds beside them.
type Cluster struct {
	Dialect string            `json:"dialect,omitempty"`
	Paths   []string          `json:"paths,omitempty"`
	Objects []json.RawMessage `json:"objects"`
}

// GroupVersionResource names a resource as an AdmissionReview does.
type GroupVersionResource struct {
	Group    string `json:"group"`
	Version  string `json:"version"`
	Resource string `json:"resource"`
}

// GroupVersionKind names a kind as an AdmissionReview does.
type GroupVersionKind struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
}

// UserInfo is the authenticated requester.
type UserInfo struct {
	Username string   `json:"username"`
	Groups   []string `json:"groups,omitempty"`
}

// Request is one API request on its way through admission. ServiceAccountPlugin false leaves the
// ServiceAccount admission plugin out of prepare and review; nil means true.
type Request struct {
	Operation            string               `json:"operation"`
	Namespace            string               `json:"namespace"`
	Name                 string               `json:"name,omitempty"`
	SubResource          string               `json:"subResource,omitempty"`
	Resource             GroupVersionResource `json:"resource"`
	Kind                 GroupVersionKind     `json:"kind"`
	UserInfo             UserInfo             `json:"userInfo"`
	Object               json.RawMessage      `json:"object,omitempty"`
	OldObject            json.RawMessage      `json:"oldObject,omitempty"`
	ServiceAccountPlugin *bool                `json:"serviceAccountPlugin,omitempty"`
}

// Verdict is what one phase decided. Handled is false when the evaluator leaves the request to
// others; then nothing else is set but Allowed. Object is the object after the mutating phase.
type Verdict struct {
	Handled          bool              `json:"handled"`
	Allowed          bool              `json:"allowed"`
	Policy           string            `json:"policy,omitempty"`
	Object           json.RawMessage   `json:"object,omitempty"`
	Message          string            `json:"message,omitempty"`
	AuditAnnotations map[string]string `json:"auditAnnotations,omitempty"`
	// Details are what a violation in Gatekeeper tells beside its message.
	Details json.RawMessage `json:"details,omitempty"`
}

// Created is the object that validation is given: what the pod strategy makes of the admitted
// object, with the errors that API validation has for it.
type Created struct {
	Object json.RawMessage `json:"object,omitempty"`
	Errors []string        `json:"errors,omitempty"`
}

// Error says why an evaluator could not answer one line.
type Error struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// Error makes it usable as a Go error.
func (e *Error) Error() string { return e.Kind + ": " + e.Message }

// Answer is one answer line; which members are set depends on the op that was asked.
type Answer struct {
	ID       int64    `json:"id"`
	Request  *Request `json:"request,omitempty"`
	Admit    *Verdict `json:"admit,omitempty"`
	Created  *Created `json:"created,omitempty"`
	Validate *Verdict `json:"validate,omitempty"`
	// Mutate is what Gatekeeper's mutators make of the object; it is not handled if none is for it.
	Mutate *Verdict `json:"mutate,omitempty"`
	// Mutators is how many mutators a cluster of Gatekeeper has.
	Mutators int `json:"mutators,omitempty"`
	// Notes are what the sender of a cluster should know about it.
	Notes []string `json:"notes,omitempty"`
	Error *Error   `json:"error,omitempty"`
}

// Pods is the resource that PodSecurityPolicy judges.
func Pods() GroupVersionResource { return GroupVersionResource{Version: "v1", Resource: "pods"} }

// PodKind is the kind of that resource's objects.
func PodKind() GroupVersionKind { return GroupVersionKind{Version: "v1", Kind: "Pod"} }
