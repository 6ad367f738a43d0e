// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"psp2rego/verify"
	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
)

// requesterGroups is how many groups of cases the requesters are chosen from.
const requesterGroups = 150

// requesters records who may use which policy: each requester with each policy that is chosen for them, and with a refusal,
// as far as there is room.
func (r *recorder) requesters(ctx context.Context) (file File, err error) {
	native, err := r.start(ctx, r.given)
	if err != nil {
		return file, err
	}
	defer func() { err = errors.Join(err, native.Close()) }()
	opa, err := verify.LoadBundle(ctx, r.Bundle)
	if err != nil {
		return file, err
	}
	var candidates []candidate
	for group := range requesterGroups {
		for _, made := range r.given.Group(cases.Defaults(), seed, group) {
			if !ofPods(made.Request) {
				continue
			}
			c, err := ask(ctx, native, opa, made.Request, false)
			if err != nil {
				return file, fmt.Errorf("requesters of the input: %w", err)
			}
			if c == nil {
				continue
			}
			said := c.mutate
			if c.request.Operation == "UPDATE" { // judged by the second phase alone
				stored, err := opa.AskedOfNative(verify.Validate, c.request)
				if err != nil {
					return file, err
				}
				if said, err = native.Evaluate(ctx, verify.Validate, stored); err != nil {
					return file, err
				}
			}
			c.ofRequester(said)
			candidates = append(candidates, *c)
		}
	}
	chosen := choose(candidates, r.Cases, nil, &Policy{})
	for _, c := range chosen {
		if err := c.agree(ctx, native, opa); err != nil {
			return file, fmt.Errorf("requesters of the input: %w", err)
		}
	}
	text, err := module(fmt.Sprintf(requestersHead, native.Greeting.Version), "grants", chosen)
	return File{testsFolder + "requesters_test.rego", text}, err
}

// ofRequester fills in what a verdict on the request shows of whoever asks.
func (c *candidate) ofRequester(said *verify.Verdict) {
	c.name, c.comment = about("requester", said), requester(c.request)+": "+outcome(said)
	c.goals[decisions] = []string{c.comment}
	c.goals[lines] = []string{c.request.Operation, "policy " + said.Policy}
}

// ofPods says whether a request is one that PodSecurityPolicy judges.
func ofPods(request *protocol.Request) bool {
	return request.Resource == protocol.Pods() && request.Kind == protocol.PodKind() && request.SubResource == "" &&
		slices.Contains([]string{"CREATE", "UPDATE"}, request.Operation)
}

// requester says who asks, and as which service account the pod runs.
func requester(request *protocol.Request) string {
	object := struct {
		Spec struct{ ServiceAccountName string }
	}{}
	_ = json.Unmarshal(request.Object, &object) // what has no such field has no such account
	who := request.Operation + " by " + quote(request.UserInfo.Username) + " in " + quote(request.Namespace)
	if groups := request.UserInfo.Groups; len(groups) > 0 {
		who += " with " + quote(strings.Join(groups, ", "))
	}
	if account := object.Spec.ServiceAccountName; account != "" {
		who += ", pod as " + quote(account)
	}
	return who
}

func outcome(v *verify.Verdict) string {
	switch {
	case !v.Allowed:
		return "refused"
	case v.Policy == "":
		return "allowed"
	}
	return "allowed by " + quote(v.Policy)
}
