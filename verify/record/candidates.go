// SPDX-License-Identifier: Apache-2.0

package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"psp2rego/verify"
	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
)

// seed and rounds steer the generators: the same for everybody, so that the same input has the same tests.
const (
	seed   = 1
	rounds = 3
)

// candidate is a request with what native answers to it.
type candidate struct {
	// name says what it is about, comment says more; empty is nothing more.
	name, comment string
	raw           bool
	// request is what native is asked, and asked what the bundle is, in the form of its API server.
	request, asked *protocol.Request
	// mutate and validate are native's verdicts, from agree on those of the bundle that agree with them; blocks what the refusals are made of.
	mutate, validate             *verify.Verdict
	mutateBlocks, validateBlocks []string
	// goals are what it shows, in the order of their weight.
	goals [tiers][]string
}

// The tiers of goals, the weightiest first: that a check decides, that a line is executed, that a faulty version of the policy
// gives another answer.
const (
	decisions = iota
	lines
	faults
	tiers
)

// errNotTaken says that the evaluator does not take a request; of a plain pod, that there is nothing to compare others with.
var errNotTaken = errors.New("the evaluator does not take a plain pod")

// candidates are pods for the policy's own user, with the answers to their creation. The first is the plain pod.
func (r *recorder) candidates(ctx context.Context, native *verify.Native, s *subject) ([]candidate, error) {
	var all []candidate
	add := func(specimens []cases.Specimen, raw bool) error {
		for _, specimen := range specimens {
			c, err := s.candidate(ctx, native, specimen, raw)
			if err != nil {
				return err
			}
			if c == nil {
				continue
			}
			if specimen.Single && len(all) > 0 && differ(&all[0], c) {
				c.goals[decisions] = []string{specimen.Check}
			}
			all = append(all, *c)
		}
		return nil
	}
	sheet := r.synthetic.Sheet(cases.Defaults(), seed, s.name, rounds)
	if err := add(sheet[:1], false); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errNotTaken
	}
	all[0].name = about("plain", all[0].mutate)
	if !s.usable { // it has nothing to decide
		return all, nil
	}
	raw, err := cases.Raw(all[0].request)
	if err != nil {
		return nil, err
	}
	err = errors.Join(add(sheet[1:], false), add(raw, true))
	return all, err
}

// candidate asks what native and the policy say to a specimen; nil if the evaluator does not take it.
func (s *subject) candidate(ctx context.Context, native *verify.Native, specimen cases.Specimen, raw bool) (*candidate, error) {
	c, err := ask(ctx, native, s.opa, specimen.Request, raw)
	if err != nil || c == nil {
		return nil, err
	}
	c.name = about(cmp.Or(specimen.Check, "pod"), c.mutate)
	c.goals[lines], c.goals[faults], err = s.look(ctx, c.asked)
	return c, err
}

// differ says whether native decides differently, or changes a pod differently.
func differ(a, b *candidate) bool {
	if a.mutate.Allowed != b.mutate.Allowed {
		return true
	}
	x, errX := writes(a.request, a.mutate)
	y, errY := writes(b.request, b.mutate)
	return errors.Join(errX, errY) == nil && string(x) != string(y)
}

// about says what a case shows, as a name in Rego.
func about(check string, v *verify.Verdict) string {
	if v.Allowed {
		return check + "_allowed"
	}
	return check + "_refused"
}

// ask gives native's answer to a request in the mutating phase. A request that is not raw is first made what a webhook would
// see of it. It is nil if the evaluator does not take the request.
func ask(ctx context.Context, native *verify.Native, opa *verify.OPA, request *protocol.Request, raw bool) (*candidate, error) {
	c := &candidate{request: request, raw: raw}
	if !raw {
		answer, err := native.Ask(protocol.Line{Op: protocol.OpPrepare, Request: request}, "case")
		switch {
		case err != nil:
			return nil, err
		case answer.Error != nil:
			return nil, nil
		case answer.Request == nil:
			return nil, errors.New("native evaluator: answer without request")
		}
		c.request = answer.Request
	}
	var err error
	if c.asked, err = opa.Asked(c.request); err != nil {
		return nil, err
	}
	c.mutate, err = native.Evaluate(ctx, verify.Mutate, c.request)
	if raw && err == nil {
		c.mutate.Object, err = unencoded(c.request.Object, c.mutate.Object)
	}
	return c, err
}

// agree asks for native's second phase, and makes sure that the bundle agrees in both.
func (c *candidate) agree(ctx context.Context, native *verify.Native, opa *verify.OPA) (err error) {
	stored, err := opa.AskedOfNative(verify.Validate, c.request)
	if err != nil {
		return err
	}
	if c.validate, err = native.Evaluate(ctx, verify.Validate, stored); err != nil {
		return err
	}
	for _, p := range []struct {
		phase   verify.Phase
		verdict **verify.Verdict
		blocks  *[]string
	}{{verify.Mutate, &c.mutate, &c.mutateBlocks}, {verify.Validate, &c.validate, &c.validateBlocks}} {
		ours, err := opa.Evaluate(ctx, p.phase, c.asked)
		if err != nil {
			return err
		}
		if err := differs(opa, p.phase, *p.verdict, ours); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if len((*p.verdict).Object) == 0 { // native leaves updates alone
			ours.Object = nil
		}
		*p.verdict, *p.blocks = ours, ours.Blocks()
	}
	return nil
}
