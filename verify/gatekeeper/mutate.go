// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/open-policy-agent/gatekeeper/v3/apis/mutations/unversioned"
	mutationsv1 "github.com/open-policy-agent/gatekeeper/v3/apis/mutations/v1"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/controller/config/process"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/mutators"
	mutationtypes "github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/types"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// mutations are Gatekeeper's mutation system, and its mutators one by one.
type mutations struct {
	system *mutation.System
	all    []mutationtypes.Mutator
}

func newMutations() *mutations {
	return &mutations{system: mutation.NewSystem(mutation.SystemOpts{
		NewUUID: func() uuid.UUID { return uuid.Nil }, // it gets into messages, and answers do not depend on chance
	})}
}

// add takes one mutator, as the controllers do (pkg/controller/mutators). One that conflicts with another, which Gatekeeper
// would leave out together with that, is an error.
func (m *mutations) add(object manifest) error {
	mutator, err := toMutator(object.Unstructured)
	if err != nil {
		return err
	}
	if m.system.Get(mutator.ID()) != nil {
		return errors.New("appears twice")
	}
	if err := m.system.Upsert(mutator); err != nil {
		return err
	}
	m.all = append(m.all, mutator)
	return nil
}

func isMutator(object manifest) bool {
	return object.GroupVersionKind().Group == mutationsv1.GroupVersion.Group
}

// toMutator reads any version that Gatekeeper serves: they have the same fields, of which none may be unknown.
func toMutator(u *unstructured.Unstructured) (mutationtypes.Mutator, error) {
	switch u.GetKind() {
	case "Assign":
		object := &unversioned.Assign{}
		if err := strictly(u, object); err != nil {
			return nil, err
		}
		return mutators.MutatorForAssign(object)
	case "AssignMetadata":
		object := &unversioned.AssignMetadata{}
		if err := strictly(u, object); err != nil {
			return nil, err
		}
		return mutators.MutatorForAssignMetadata(object)
	case "AssignImage":
		object := &unversioned.AssignImage{}
		if err := strictly(u, object); err != nil {
			return nil, err
		}
		return mutators.MutatorForAssignImage(object)
	case "ModifySet":
		object := &unversioned.ModifySet{}
		if err := strictly(u, object); err != nil {
			return nil, err
		}
		if object.Spec.Parameters.Operation == "" {
			object.Spec.Parameters.Operation = unversioned.MergeOp // the API's default
		}
		return mutators.MutatorForModifySet(object)
	}
	return nil, fmt.Errorf("Gatekeeper has no mutator of kind %s", u.GetKind())
}

func strictly(u *unstructured.Unstructured, object any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(u.Object, object, true)
}

// mutate does what Gatekeeper's mutating webhook does with a request (pkg/webhook/mutation.go: Handle, v3.23.1). It is handled if a
// mutator matches; an error on the way refuses.
func (r *rules) mutate(ctx context.Context, q *request) (*verdict, error) {
	if !r.reaches(q, process.Mutation) || absent(q.Object) {
		return &verdict{Allowed: true}, nil
	}
	object, err := q.typed(q.Object)
	if err != nil {
		return nil, decodeFault("object: %v", err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(object); err != nil {
		return nil, decodeFault("object: %v", err)
	}
	own := u.GetNamespace()
	u.SetNamespace(q.Namespace)
	var namespace *corev1.Namespace
	if q.Namespace != "" {
		namespace = r.namespace(q.Namespace)
	}
	mutable := &mutationtypes.Mutable{
		Object: u, Namespace: namespace, Username: q.UserInfo.Username, Source: mutationtypes.SourceTypeOriginal,
		Operation: admissionv1.Operation(q.Operation),
	}
	matches, err := r.mutations.match(mutable)
	if err == nil && matches {
		_, err = r.mutations.system.Mutate(ctx, mutable)
	}
	switch {
	case err != nil:
		return &verdict{Handled: true, Message: err.Error()}, nil
	case !matches:
		return &verdict{Allowed: true}, nil
	}
	u.SetNamespace(own)
	left, err := u.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return &verdict{Handled: true, Allowed: true, Object: left}, nil
}

// match says whether a mutator is for the object.
func (m *mutations) match(mutable *mutationtypes.Mutable) (bool, error) {
	for _, mutator := range m.all {
		if matches, err := mutator.Matches(mutable); matches || err != nil {
			return matches, err
		}
	}
	return false, nil
}
