// SPDX-License-Identifier: Apache-2.0

package properties

import (
	"bytes"
	"context"
	"slices"

	"psp2rego/verify"
	"psp2rego/verify/cases"
)

// acceptance: A pod that the mutating phase admitted is accepted by the validating phase.
//
// Between the two stands what the API server does to a pod that it is about to store, by native's own code: it brings
// seccomp annotations and fields in line, for one. Each side validates what became of its own result. Discarded are pods
// that fail where some policy allows no procMount "Default": the API server resets procMount between the phases, so that
// native refuses what it admitted, too.
//
// Only the verdict counts: a policy other than the one that admitted the pod may be the one that accepts it.
func acceptance() Property {
	settings := cases.Defaults()
	settings.MaxPolicies, settings.Restrict, settings.Updates, settings.Others = 3, 0.05, 0, 0
	return Property{
		Name: "acceptance", Strictness: CompareVerdict, Expect: []Outcome{Allowed, Refused}, ExpectOnce: []Outcome{Changed, Unchanged},
		generate: func(seed uint64, index int) *cases.Isolated { return creations(settings, seed, index, 40) },
		judge:    mutateThenValidate,
	}
}

// suffersReset says whether some policy refuses what procMount is reset to
// (pkg/registry/core/pod/strategy.go: PrepareForCreate with the feature gate ProcMountType off, v1.24.17).
func suffersReset(c *verify.CaseFile) (bool, error) {
	cluster, err := cases.NewCluster(c.Dialect, c.Objects)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(cluster.Policies, func(p *cases.Policy) bool {
		allowed := p.Spec.AllowedProcMountTypes
		return len(allowed) > 0 && !slices.Contains(allowed, "Default")
	}), nil
}

func mutateThenValidate(ctx context.Context, b *bench, c *verify.CaseFile) (*verify.Judgement, error) {
	j, err := ask(ctx, b, c)
	if err != nil {
		return nil, err
	}
	native, ours := j.Verdicts(verify.Mutate)
	for _, side := range bothSides() {
		admitted := side.verdict(j, verify.Mutate)
		if admitted == nil || !admitted.Handled || !admitted.Allowed {
			continue
		}
		validated := side.verdict(j, verify.Validate) // of what became of native's result
		if !native.Allowed || !bytes.Equal(native.Object, ours.Object) {
			if validated, err = validateStored(ctx, b, c, j, side); err != nil {
				return nil, err
			}
		}
		if !validated.Allowed {
			j.Differences = append(j.Differences, &verify.Difference{Phase: verify.Validate, Class: verify.FailClosed,
				Detail: side.name + " does not accept the pod that it admitted: " + validated.Message + validated.Fault})
		}
	}
	if len(j.Differences) == 0 {
		return j, nil
	}
	reset, err := suffersReset(c)
	if reset {
		return &verify.Judgement{Refused: "procMount is reset to what some policy refuses"}, err
	}
	return j, err
}

// validateStored lets a side validate what the API server makes of the side's own result.
func validateStored(ctx context.Context, b *bench, c *verify.CaseFile, j *verify.Judgement, side onSide) (*verify.Verdict, error) {
	request := *j.Prepared()
	request.Object = side.verdict(j, verify.Mutate).Object
	stored, err := b.stored(&request)
	if err != nil {
		return nil, err
	}
	request.Object = stored
	again := &verify.CaseFile{Dialect: c.Dialect, Objects: c.Objects, Phase: verify.Validate, Request: &request}
	second, err := ask(ctx, b, again)
	if err != nil {
		return nil, err
	}
	return side.verdict(second, verify.Validate), nil
}
