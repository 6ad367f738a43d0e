// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"

	"psp2rego/verify/protocol"
)

// JudgeBy is a Judge that answers by the function instead of asking both sides. It lets Shrink make any case small of
// which the function says in Differences what is wrong with it. There is nothing to close.
func JudgeBy(judge func(context.Context, *CaseFile) (*Judgement, error)) *Judge {
	return &Judge{by: judge}
}

// Verdicts are what both sides decided in a phase, with whole pods; nil where a side was not asked.
func (j *Judgement) Verdicts(phase Phase) (native, ours *Verdict) {
	if j.outcome == nil {
		return nil, nil
	}
	return j.outcome.native[phase], j.outcome.ours[phase]
}

// Prepared is the request as both sides were given it in the mutating phase; nil when there was nothing to ask.
func (j *Judgement) Prepared() *protocol.Request {
	if j.outcome == nil {
		return nil
	}
	return j.outcome.prepared
}

// Blocks are the parts of a refusal's message, one per policy that has something against the pod, in the order of the
// policies' names; nil where the engine does not tell them apart.
func (v *Verdict) Blocks() []string { return v.blocks }
