// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"encoding/json"
	"fmt"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/open-policy-agent/opa/v1/ast"

	"psp2rego/verify/protocol"
)

// reviewInput is the AdmissionReview that an API server would send for the request, as a value of
// OPA's own.
func reviewInput(request *protocol.Request) (ast.Value, error) {
	object, err := astValue(request.Object)
	if err != nil {
		return nil, fmt.Errorf("object: %w", err)
	}
	old, err := astValue(request.OldObject)
	if err != nil {
		return nil, fmt.Errorf("oldObject: %w", err)
	}
	return reviewOf(request, object, old), nil
}

// astValue reads a document by OPA's own reader. An absent one is null.
func astValue(data json.RawMessage) (ast.Value, error) {
	if len(data) == 0 {
		return ast.NullValue, nil
	}
	return ast.ValueFromReader(bytes.NewReader(data))
}

func reviewOf(request *protocol.Request, object, old ast.Value) ast.Value {
	str := func(s string) *ast.Term { return ast.InternedTerm(s) }
	triple := func(thirdKey, group, version, third string) *ast.Term {
		return ast.ObjectTerm([2]*ast.Term{str("group"), str(group)},
			[2]*ast.Term{str("version"), str(version)}, [2]*ast.Term{str(thirdKey), str(third)})
	}
	groups := make([]*ast.Term, len(request.UserInfo.Groups))
	for i, group := range request.UserInfo.Groups {
		groups[i] = str(group)
	}
	user := ast.NewObject([2]*ast.Term{str("username"), str(request.UserInfo.Username)})
	if len(groups) > 0 { // the field is omitempty (k8s.io/api authentication/v1 UserInfo)
		user.Insert(str("groups"), ast.ArrayTerm(groups...))
	}
	kind := triple("kind", request.Kind.Group, request.Kind.Version, request.Kind.Kind)
	resource := triple("resource", request.Resource.Group, request.Resource.Version, request.Resource.Resource)
	body := ast.NewObject(
		[2]*ast.Term{str("uid"), str(reviewUID)},
		[2]*ast.Term{str("kind"), kind},
		[2]*ast.Term{str("resource"), resource},
		[2]*ast.Term{str("requestKind"), kind},
		[2]*ast.Term{str("requestResource"), resource},
		[2]*ast.Term{str("operation"), str(request.Operation)},
		[2]*ast.Term{str("userInfo"), ast.NewTerm(user)},
		[2]*ast.Term{str("object"), ast.NewTerm(object)},
		[2]*ast.Term{str("oldObject"), ast.NewTerm(old)},
	)
	for key, value := range map[string]string{
		"subResource": request.SubResource, "requestSubResource": request.SubResource,
		"name": request.Name, "namespace": request.Namespace,
	} {
		if value != "" {
			body.Insert(str(key), str(value))
		}
	}
	return ast.NewObject(
		[2]*ast.Term{str("apiVersion"), str("admission.k8s.io/v1")},
		[2]*ast.Term{str("kind"), str("AdmissionReview")},
		[2]*ast.Term{str("request"), ast.NewTerm(body)},
	)
}

// patched applies a JSONPatch as the API server does with a webhook's.
func patched(object, patch json.RawMessage) (json.RawMessage, error) {
	if len(patch) == 0 {
		return object, nil
	}
	operations, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return nil, err
	}
	return operations.Apply(object)
}
