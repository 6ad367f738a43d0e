// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	"github.com/open-policy-agent/frameworks/constraint/pkg/client/reviews"
	"github.com/open-policy-agent/frameworks/constraint/pkg/types"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/controller/config/process"
	mutationtypes "github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/types"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/target"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/util"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "k8s.io/apimachinery/pkg/util/json"
)

// checkRequest refuses requests that no API server would send to a webhook.
func checkRequest(q *request) error {
	operation := admissionv1.Operation(q.Operation)
	switch operation {
	case admissionv1.Create, admissionv1.Update, admissionv1.Delete, admissionv1.Connect:
	default:
		return usageFault("request.operation: unknown operation %q", q.Operation)
	}
	switch {
	case q.Resource.Resource == "":
		return usageFault("request.resource: missing")
	case (operation == admissionv1.Create || operation == admissionv1.Update) && absent(q.Object):
		return usageFault("request.object: missing")
	case operation == admissionv1.Update && absent(q.OldObject):
		return usageFault("request.oldObject: missing")
	}
	return nil
}

func absent(data json.RawMessage) bool {
	return len(data) == 0 || bytes.Equal(data, []byte("null"))
}

// validate does what Gatekeeper's webhook does with a request (pkg/webhook/policy.go: Handle, v3.23.1):
// a violation of a constraint that denies refuses, and so does an error on the way.
func (r *rules) validate(ctx context.Context, q *request) (*verdict, error) {
	if !r.reaches(q, process.Webhook) {
		return &verdict{Allowed: true}, nil
	}
	admission, err := q.admission()
	if err != nil {
		return nil, err
	}
	review := &target.AugmentedReview{AdmissionRequest: admission, Source: mutationtypes.SourceTypeOriginal, IsAdmission: true}
	options := []reviews.ReviewOpt{reviews.EnforcementPoint(util.WebhookEnforcementPoint)}
	if q.Namespace != "" {
		review.Namespace = r.namespace(q.Namespace)
		options = append(options, util.NamespaceReviewOpt(review.Namespace, logr.Discard()))
	}
	responses, err := r.client.Review(ctx, review, options...)
	if err != nil {
		message := fmt.Sprintf("error reviewing resource %s: %v", q.Name, err)
		return &verdict{Handled: true, Message: message}, nil
	}
	var messages []string
	v := &verdict{Handled: true}
	for _, result := range responses.Results() {
		if denies(result) {
			messages = append(messages, fmt.Sprintf("[%s] %s", result.Constraint.GetName(), result.Msg))
			v.Details = result.Metadata["details"]
			if details, ok := v.Details.(map[string]any); ok && len(details) == 0 { // so that Gatekeeper says none
				v.Details = nil
			}
		}
	}
	if len(messages) > 1 { // those of one would pass for those of all
		v.Details = nil
	}
	slices.Sort(messages) // the webhook's own order depends on that of Go maps
	v.Allowed, v.Message = len(messages) == 0, strings.Join(messages, "\n")
	return v, nil
}

// denies says whether a violation refuses the request (getValidationMessages in the same file).
func denies(result *types.Result) bool {
	if result.EnforcementAction == string(util.Scoped) {
		return slices.Contains(result.ScopedEnforcementActions, string(util.Deny))
	}
	return result.EnforcementAction == string(util.Deny)
}

// admission is the request in the terms of a webhook, with what a server adds: the request's kind and resource a
// second time, options, a uid.
func (q *request) admission() (*admissionv1.AdmissionRequest, error) {
	dryRun := false
	a := &admissionv1.AdmissionRequest{
		UID: "705ab4f5-6393-11e8-b7cc-42010a800002", Kind: q.Kind, Resource: q.Resource, SubResource: q.SubResource,
		RequestKind: &q.Kind, RequestResource: &q.Resource, RequestSubResource: q.SubResource,
		Name: q.Name, Namespace: q.Namespace, Operation: admissionv1.Operation(q.Operation), UserInfo: q.UserInfo,
		DryRun: &dryRun,
	}
	verb := map[admissionv1.Operation]string{admissionv1.Create: "Create", admissionv1.Update: "Update"}[a.Operation]
	a.Options.Raw = fmt.Appendf(nil, `{"apiVersion":"meta.k8s.io/v1","kind":"%sOptions"}`, verb)
	for _, part := range []struct {
		name string
		data json.RawMessage
		to   *runtime.RawExtension
	}{{"object", q.Object, &a.Object}, {"oldObject", q.OldObject, &a.OldObject}} {
		if absent(part.data) {
			continue
		}
		typed, err := q.typed(part.data)
		if err != nil {
			return nil, decodeFault("%s: %v", part.name, err)
		}
		part.to.Raw = typed
	}
	return a, nil
}

// typed is the object with apiVersion and kind of the request: a server sends no others.
func (q *request) typed(data json.RawMessage) ([]byte, error) {
	version := q.Kind.Version
	if q.Kind.Group != "" {
		version = q.Kind.Group + "/" + version
	}
	head := metav1.TypeMeta{}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, err
	}
	if head.APIVersion == version && head.Kind == q.Kind.Kind {
		return data, nil
	}
	object := &unstructured.Unstructured{Object: map[string]any{}}
	if err := kjson.Unmarshal(data, &object.Object); err != nil {
		return nil, err
	}
	object.SetAPIVersion(version)
	object.SetKind(q.Kind.Kind)
	return object.MarshalJSON()
}
