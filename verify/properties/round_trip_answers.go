// SPDX-License-Identifier: Apache-2.0

package properties

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"psp2rego/verify"
	"psp2rego/verify/protocol"
)

// ask compares all answers to a request.
func (t *trip) ask(ctx context.Context, request *protocol.Request, j *verify.Judgement) error {
	j.Ours = &verify.Recorded{}
	for phase, recorded := range map[verify.Phase]**verify.RecordedVerdict{verify.Mutate: &j.Ours.Mutate, verify.Validate: &j.Ours.Validate} {
		var answers [2][]byte
		for i, engine := range []*verify.OPA{t.tarball, t.folder} {
			v, err := engine.Evaluate(ctx, phase, request)
			if err != nil {
				return err
			}
			*recorded = &verify.RecordedVerdict{
				Unhandled: !v.Handled && v.Fault == "", Allowed: v.Allowed, Policy: v.Policy, Message: v.Message, Audit: v.Audit, Fault: v.Fault,
			}
			if answers[i], err = json.Marshal(v); err != nil {
				return err
			}
		}
		if !bytes.Equal(answers[0], answers[1]) {
			j.Differences = append(j.Differences, &verify.Difference{Phase: phase, Class: Unstable,
				Detail: fmt.Sprintf("the tarball answers %s, the folder %s", answers[0], answers[1])})
		}
	}
	return nil
}
