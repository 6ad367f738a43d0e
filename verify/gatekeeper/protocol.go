// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const protocolVersion = 1

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

// clusterSpec is what requests are judged by: files with templates and constraints, and the objects
// of the cluster, of which Gatekeeper may be told to keep copies.
type clusterSpec struct {
	Paths   []string          `json:"paths"`
	Objects []json.RawMessage `json:"objects"`
}

// request is a request as a webhook sees it.
type request struct {
	Operation            string                      `json:"operation"`
	Namespace            string                      `json:"namespace"`
	Name                 string                      `json:"name"`
	SubResource          string                      `json:"subResource"`
	Resource             metav1.GroupVersionResource `json:"resource"`
	Kind                 metav1.GroupVersionKind     `json:"kind"`
	UserInfo             authenticationv1.UserInfo   `json:"userInfo"`
	Object               json.RawMessage             `json:"object"`
	OldObject            json.RawMessage             `json:"oldObject"`
	ServiceAccountPlugin *bool                       `json:"serviceAccountPlugin"` // for prepare and review alone
}

// verdict is what a webhook decides. Handled is false when the request does not get as far as the
// constraints, or when no mutator is for it. Details are those of the violation that refuses, if it is one alone, and Object is
// what the mutators leave.
type verdict struct {
	Handled bool            `json:"handled"`
	Allowed bool            `json:"allowed"`
	Message string          `json:"message,omitempty"`
	Details any             `json:"details,omitempty"`
	Object  json.RawMessage `json:"object,omitempty"`
}

// answer is one line of output. Notes are what the sender of a cluster line should know about it, and Mutators how many mutators it has.
type answer struct {
	ID       *int64   `json:"id"`
	Mutate   *verdict `json:"mutate,omitempty"`
	Mutators int      `json:"mutators,omitempty"`
	Validate *verdict `json:"validate,omitempty"`
	Notes    []string `json:"notes,omitempty"`
	Error    *fault   `json:"error,omitempty"`
}

// The kinds of a fault.
const (
	faultUsage    = "usage"    // the line breaks the protocol
	faultDecode   = "decode"   // a file or an object cannot be used
	faultInternal = "internal" // the evaluator or the code it links went wrong
)

// fault is why a line has no proper answer.
type fault struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// Error returns the message.
func (f *fault) Error() string { return f.Message }

func usageFault(format string, args ...any) error {
	return &fault{Kind: faultUsage, Message: fmt.Sprintf(format, args...)}
}

func decodeFault(format string, args ...any) error {
	return &fault{Kind: faultDecode, Message: fmt.Sprintf(format, args...)}
}

// asFault gives any error a place in the protocol; one without a kind is internal.
func asFault(err error) *fault {
	var f *fault
	if errors.As(err, &f) {
		return f
	}
	return &fault{Kind: faultInternal, Message: err.Error()}
}
