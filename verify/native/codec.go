// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	api "k8s.io/kubernetes/pkg/apis/core"

	// Types, conversions and defaults of the API groups that are decoded here.
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/extensions/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
)

// jsonSerializer is the serializer with which kube-apiserver reads application/json.
func jsonSerializer() runtime.Serializer {
	info, ok := runtime.SerializerInfoForMediaType(legacyscheme.Codecs.SupportedMediaTypes(), runtime.ContentTypeJSON)
	if !ok {
		panic("the legacy scheme has no JSON serializer")
	}
	return info.Serializer
}

// podCodec turns pods from v1 JSON to the internal type and back.
type podCodec struct{ decoder runtime.Decoder }

func newPodCodec() podCodec {
	return podCodec{legacyscheme.Codecs.DecoderToVersion(jsonSerializer(), runtime.InternalGroupVersioner)}
}

// decode decodes and defaults as the create and update handlers do
// (k8s.io/apiserver, pkg/endpoints/handlers/create.go). Unknown fields are ignored.
func (c podCodec) decode(data json.RawMessage) (*api.Pod, error) {
	gvk := corev1.SchemeGroupVersion.WithKind("Pod")
	obj, actual, err := c.decoder.Decode(data, &gvk, &api.Pod{})
	if err != nil {
		return nil, err
	}
	if actual.GroupVersion() != gvk.GroupVersion() {
		return nil, decodeFault("the API version in the data (%s) does not match the expected API version (%s)",
			actual.GroupVersion(), gvk.GroupVersion())
	}
	pod, ok := obj.(*api.Pod)
	if !ok {
		return nil, decodeFault("%T is not a pod", obj)
	}
	return pod, nil
}

// encode returns the pod in v1. It shares memory with the internal pod, which must not be
// changed in place before the result is written.
func (podCodec) encode(pod *api.Pod) (*corev1.Pod, error) {
	obj, err := legacyscheme.Scheme.UnsafeConvertToVersion(pod, corev1.SchemeGroupVersion)
	if err != nil {
		return nil, err
	}
	return obj.(*corev1.Pod), nil
}

// absent tells whether a request carries no such object.
func absent(data json.RawMessage) bool {
	return len(data) == 0 || bytes.Equal(data, []byte("null"))
}
