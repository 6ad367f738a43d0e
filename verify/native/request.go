// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/registry/rest"
	api "k8s.io/kubernetes/pkg/apis/core"
)

// podRequest is a request with its objects decoded. The pods are nil when the request is
// not about a pod; its objects then go to the plugin unread.
type podRequest struct {
	requestFields
	pod, oldPod             *api.Pod
	rawObject, rawOldObject json.RawMessage
}

// isPod tells whether the objects of a request are pods.
func (r *requestFields) isPod() bool {
	if r.Resource.Group != "" || r.Resource.Resource != "pods" {
		return false
	}
	return r.SubResource == "" || r.SubResource == "status" || r.SubResource == "ephemeralcontainers"
}

// isMain tells whether a pod itself is created or updated, not a subresource of it.
func (r *requestFields) isMain() bool {
	return r.isPod() && r.SubResource == "" && (r.is(admission.Create) || r.is(admission.Update))
}

func (r *requestFields) is(operation admission.Operation) bool {
	return r.Operation == string(operation)
}

// checkRequest refuses requests that no API server would hand to admission.
func checkRequest(r *request) error {
	switch admission.Operation(r.Operation) {
	case admission.Create, admission.Update, admission.Delete, admission.Connect:
	default:
		return usageFault("request.operation: unknown operation %q", r.Operation)
	}
	switch {
	case r.Resource.Resource == "":
		return usageFault("request.resource: missing")
	case !r.isPod():
	case r.Namespace == "":
		return usageFault("request.namespace: missing")
	case (r.is(admission.Create) || r.is(admission.Update)) && absent(r.Object):
		return usageFault("request.object: missing")
	case r.is(admission.Update) && absent(r.OldObject):
		return usageFault("request.oldObject: missing")
	}
	return nil
}

// decodeRequest decodes the pods of a request and completes them as the create and update
// handlers do before admission (k8s.io/apiserver, pkg/endpoints/handlers/create.go).
func (c podCodec) decodeRequest(r *request) (*podRequest, error) {
	p := &podRequest{requestFields: r.requestFields, rawObject: r.Object, rawOldObject: r.OldObject}
	if !r.isPod() {
		return p, nil
	}
	var err error
	if !absent(r.Object) {
		if p.pod, err = c.decode(r.Object); err != nil {
			return nil, decodeFault("object: %v", err)
		}
		if err = rest.EnsureObjectNamespaceMatchesRequestNamespace(r.Namespace, &p.pod.ObjectMeta); err != nil {
			return nil, decodeFault("object: %v", err)
		}
		if p.Name == "" {
			p.Name = p.pod.Name
		}
	}
	if !absent(r.OldObject) {
		if p.oldPod, err = c.decode(r.OldObject); err != nil {
			return nil, decodeFault("oldObject: %v", err)
		}
		if err = rest.EnsureObjectNamespaceMatchesRequestNamespace(r.Namespace, &p.oldPod.ObjectMeta); err != nil {
			return nil, decodeFault("oldObject: %v", err)
		}
	}
	return p, nil
}

// encodeRequest gives a request back as a webhook would see it.
func (c podCodec) encodeRequest(p *podRequest) (*preparedRequest, error) {
	out := &preparedRequest{requestFields: p.requestFields}
	if !p.isPod() {
		if !absent(p.rawObject) {
			out.Object = p.rawObject
		}
		if !absent(p.rawOldObject) {
			out.OldObject = p.rawOldObject
		}
		return out, nil
	}
	var err error
	if p.pod != nil {
		if out.Object, err = c.encode(p.pod); err != nil {
			return nil, err
		}
	}
	if p.oldPod != nil {
		if out.OldObject, err = c.encode(p.oldPod); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// attributes is the request as admission plugins see it.
func (p *podRequest) attributes(requester user.Info) admission.Attributes {
	return admission.NewAttributesRecord(
		object(p.pod, p.rawObject), object(p.oldPod, p.rawOldObject),
		schema.GroupVersionKind(p.Kind), p.Namespace, p.Name,
		schema.GroupVersionResource(p.Resource), p.SubResource,
		admission.Operation(p.Operation), nil, false, requester)
}

func object(pod *api.Pod, raw json.RawMessage) runtime.Object {
	switch {
	case pod != nil:
		return pod
	case absent(raw):
		return nil
	}
	return &runtime.Unknown{Raw: raw, ContentType: runtime.ContentTypeJSON}
}
