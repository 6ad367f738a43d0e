// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"fmt"

	"psp2rego/verify/protocol"
	"psp2rego/verify/server"
)

// askedOfNative is the request as native is asked it on behalf of rules for a newer API server: pods that are stored, and what the
// validating phase sees alone, have what the strategy of 1.24 gives them. The empty phase is the way through both.
func askedOfNative(version server.Version, phase Phase, request *protocol.Request) (*protocol.Request, error) {
	if !version.Newer() || request.Operation != "UPDATE" && phase != Validate {
		return request, nil
	}
	return edited(request, server.Stored24)
}

// Asked is a prepared request as the bundle is asked it: the pods as somebody would send them to its API server.
func (o *OPA) Asked(request *protocol.Request) (*protocol.Request, error) {
	return askedBy(o.server, request)
}

// AskedOfNative is a prepared request as one phase of native is asked it alone.
func (o *OPA) AskedOfNative(phase Phase, request *protocol.Request) (*protocol.Request, error) {
	return askedOfNative(o.server, phase, request)
}

// Compare is the function Compare for verdicts on the requests that AskedOfNative and Asked give.
func (o *OPA) Compare(phase Phase, native, ours *Verdict, explanation *Explanation) (*Difference, error) {
	if phase == Mutate {
		if err := o.effective(native, ours); err != nil {
			return nil, err
		}
	}
	return Compare(phase, native, ours, explanation), nil
}

// version is the API server that the bundle is for; native, where there is no bundle.
func (o *OPA) version() server.Version {
	if o == nil {
		return server.Native
	}
	return o.server
}

// askedBy is the prepared request as rules are asked it: the pods as somebody would send them to their API server.
func askedBy(version server.Version, request *protocol.Request) (*protocol.Request, error) {
	if !version.Newer() {
		return request, nil
	}
	return edited(request, func(pod json.RawMessage) (json.RawMessage, error) {
		return version.Ask(pod, request.Operation == "UPDATE")
	})
}

// createdBy is the request as the validating phase is asked it. For native's own API server that is about the pod which native left, so
// that one difference does not lead to another; for a newer one about the pod which the bundle left. ours is nil for rules that have no say before.
func createdBy(version server.Version, answer *protocol.Answer, asked *protocol.Request, ours *Verdict) (*protocol.Request, error) {
	created := *asked
	switch {
	case answer.Created == nil || len(answer.Created.Object) == 0:
		return &created, nil
	case !version.Newer():
		created.Object = answer.Created.Object
		return &created, nil
	}
	var err error
	switch {
	case asked.Operation == "UPDATE":
		created.Object, err = version.Ask(answer.Created.Object, true)
	case ours != nil && ours.Allowed && len(ours.Object) > 0:
		created.Object, err = version.Create(ours.Object)
	default: // asked all the same, about the pod that 1.24 would have made of it
		if created.Object, err = version.Ask(answer.Created.Object, true); err == nil {
			created.Object, err = version.Create(created.Object)
		}
	}
	return &created, err
}

// validation is what native says in the validating phase of a request that was asked of rules for an API server, in the words for the pod that this one keeps.
func validation(version server.Version, answer *protocol.Answer, asked *protocol.Request) (*Verdict, error) {
	native, err := nativeVerdict(answer.Validate)
	if err == nil && answer.Created != nil {
		native.Message = version.Told(native.Message, answer.Created.Object, asked.Object)
	}
	return native, err
}

// effective fills in what the pods of both mutating verdicts come to, each on its API server.
func (o *OPA) effective(native, ours *Verdict) error {
	if native.sent != nil || ours.sent != nil {
		return o.stored(native, ours)
	}
	return effective(o.server, native, ours)
}

func effective(version server.Version, native, ours *Verdict) error {
	if !version.Newer() || len(native.Object) == 0 || len(ours.Object) == 0 ||
		!server.Concerned(native.Object) && !server.Concerned(ours.Object) {
		return nil
	}
	for _, side := range []struct {
		verdict *Verdict
		server  server.Version
	}{{native, server.Native}, {ours, version}} {
		object, err := side.server.Create(side.verdict.Object)
		if err != nil {
			return fmt.Errorf("pod after the mutating phase: %w", err)
		}
		if side.verdict.effective, err = server.Effective(object); err != nil {
			return fmt.Errorf("pod after the mutating phase: %w", err)
		}
	}
	return nil
}

// edited is the request with its pods changed.
func edited(request *protocol.Request, change func(json.RawMessage) (json.RawMessage, error)) (*protocol.Request, error) {
	changed := *request
	var err error
	if changed.Object, err = change(request.Object); err != nil {
		return nil, fmt.Errorf("object: %w", err)
	}
	if changed.OldObject, err = change(request.OldObject); err != nil {
		return nil, fmt.Errorf("oldObject: %w", err)
	}
	return &changed, nil
}
