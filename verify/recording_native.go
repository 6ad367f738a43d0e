// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"psp2rego/verify/protocol"
)

// evaluator is one that nobody uses, a new one as long as there may be more.
func (r *Recording) evaluator(ctx context.Context) (*Native, error) {
	select {
	case n := <-r.idle:
		return n, nil
	default:
	}
	r.mu.Lock()
	if r.started >= r.options.Workers {
		r.mu.Unlock()
		select {
		case n := <-r.idle:
			return n, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer r.mu.Unlock()
	n, err := StartNative(ctx, r.options.Native)
	if err != nil {
		return nil, err
	}
	r.started++
	r.version = n.Greeting.Version
	return n, nil
}

// ask fills in the unit's cases and answers; those that native discards are left out.
func (r *Recording) ask(native *Native, u *recordedUnit, opa *OPA) error {
	cluster := u.subject.cluster
	err := native.Load(protocol.Cluster{Dialect: cluster.Dialect, Objects: cluster.Objects}, r.what(&u.unit, -1))
	if refused := (*protocol.Error)(nil); errors.As(err, &refused) {
		return nil // both sides may refuse objects; there is nothing to ask then
	}
	if err != nil {
		return err
	}
	var all, kept []recordedCase
	for group := u.first; len(all) < u.cases; group++ {
		for _, c := range cluster.Group(*r.options.Settings, r.options.Seed, group) {
			all = append(all, recordedCase{Case: c})
		}
	}
	all = all[:u.cases]
	for sent, received := 0, 0; received < len(all); received++ {
		for ; sent < len(all) && native.InFlight() < maxInFlight; sent++ {
			c := &all[sent]
			request, err := askedOfNative(opa.version(), "", c.Request)
			if err != nil {
				return err
			}
			if err := native.Send(protocol.Line{Op: protocol.OpReview, Request: request}, r.what(&u.unit, c.Index)); err != nil {
				return err
			}
		}
		c := &all[received]
		if c.answer, err = native.Receive(); err != nil {
			return err
		}
		switch {
		case c.answer.Error == nil:
			if err := checkReview(c.answer, r.what(&u.unit, c.Index)); err != nil {
				return err
			}
			share(c.answer)
			kept = append(kept, *c)
		case c.answer.Error.Kind != "decode":
			return fmt.Errorf("native evaluator: %s: %w", r.what(&u.unit, c.Index), c.answer.Error)
		}
	}
	u.asked = kept
	return nil
}

// share keeps equal documents of an answer once.
func share(answer *protocol.Answer) {
	if bytes.Equal(answer.Admit.Object, answer.Request.Object) {
		answer.Admit.Object = answer.Request.Object
	}
	if answer.Created != nil && bytes.Equal(answer.Created.Object, answer.Admit.Object) {
		answer.Created.Object = answer.Admit.Object
	}
	if bytes.Equal(answer.Request.OldObject, answer.Request.Object) {
		answer.Request.OldObject = answer.Request.Object
	}
	answer.Validate.Object = nil // compared in the mutating phase alone
}
