// SPDX-License-Identifier: Apache-2.0

package clusters

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Call is one request to an API server.
type Call struct {
	// Method is that of HTTP; Path is absolute.
	Method, Path string
	// As is who asks, by impersonation; empty is the administrator himself.
	As     string
	Groups []string
	// DryRun asks for the answer alone.
	DryRun bool
	// ContentType of Body; JSON if it is empty.
	ContentType string
	Body        []byte
}

// Answer is what the API server said.
type Answer struct {
	// Code is the status of HTTP.
	Code int
	// Object is what was stored, or would be; nil if it was refused.
	Object json.RawMessage
	// Status is the refusal; nil if there was none.
	Status *metav1.Status
}

// PodsPath is where the pods of a namespace are.
func PodsPath(namespace string) string { return "/api/v1/namespaces/" + namespace + "/pods" }

// Do makes a call. An error means that there is no answer.
func (s *Server) Do(ctx context.Context, call *Call) (*Answer, error) {
	request := s.client.Verb(call.Method).AbsPath(call.Path).MaxRetries(0)
	if path, query, found := strings.Cut(call.Path, "?"); found {
		values, err := url.ParseQuery(query)
		if err != nil {
			return nil, err
		}
		request = request.AbsPath(path)
		for name := range values {
			request.Param(name, values.Get(name))
		}
	}
	if call.DryRun {
		request.Param("dryRun", metav1.DryRunAll)
	}
	if call.As != "" {
		request.SetHeader("Impersonate-User", call.As)
	}
	if len(call.Groups) > 0 {
		request.SetHeader("Impersonate-Group", call.Groups...)
	}
	if call.Body != nil {
		contentType := call.ContentType
		if contentType == "" {
			contentType = "application/json"
		}
		request.SetHeader("Content-Type", contentType).Body(call.Body)
	}
	request.SetHeader("Accept", "application/json")
	result := request.Do(ctx)
	answer := &Answer{}
	result.StatusCode(&answer.Code)
	body, err := result.Raw()
	if err != nil && answer.Code >= http.StatusBadRequest {
		answer.Status = &metav1.Status{}
		if json.Unmarshal(body, answer.Status) != nil || answer.Status.Kind != "Status" {
			answer.Status = &metav1.Status{Status: metav1.StatusFailure, Code: int32(answer.Code), Message: string(body)}
		}
		return answer, nil
	}
	if status := (apierrors.APIStatus)(nil); errors.As(err, &status) { // no JSON: nobody serves the path
		return &Answer{Code: int(status.Status().Code), Status: new(status.Status())}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", call.Method, call.Path, err)
	}
	answer.Object = body
	return answer, nil
}

// Must makes a call that has to succeed.
func (s *Server) Must(ctx context.Context, call *Call) (json.RawMessage, error) {
	answer, err := s.Do(ctx, call)
	if err != nil {
		return nil, err
	}
	if answer.Status != nil {
		return nil, fmt.Errorf("%s %s: %d: %s", call.Method, call.Path, answer.Code, answer.Status.Message)
	}
	return answer.Object, nil
}

// Ensure creates an object unless there is one of that name.
func (s *Server) Ensure(ctx context.Context, collection string, object any) error {
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	answer, err := s.Do(ctx, &Call{Method: http.MethodPost, Path: collection, Body: body})
	if err != nil {
		return err
	}
	if answer.Status != nil && answer.Status.Reason != metav1.StatusReasonAlreadyExists {
		return fmt.Errorf("create %s: %s", collection, answer.Status.Message)
	}
	return nil
}
