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

// bench is what properties are tried on.
type bench struct {
	Options
	// judge asks both sides.
	judge *verify.Judge
	// bare is an evaluator without policies, for what an API server does to pods beside admission.
	bare *verify.Native
	// trip is the last one that was made.
	trip *trip
}

func newBench(ctx context.Context, options Options) (*bench, error) {
	judge, err := verify.NewJudge(ctx, verify.Options{Native: options.Native, Translate: options.Translate})
	if err != nil {
		return nil, err
	}
	b := &bench{Options: options, judge: judge}
	if b.bare, err = verify.StartNative(ctx, options.Native); err == nil {
		err = b.bare.Load(protocol.Cluster{}, "an empty cluster")
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	_ = b.judge.Close()
	if b.bare != nil {
		_ = b.bare.Close()
	}
}

// prepare is the request as a webhook would see it.
func (b *bench) prepare(request *protocol.Request) (prepared *protocol.Request, refused string, err error) {
	answer, err := b.bare.Ask(protocol.Line{Op: protocol.OpPrepare, Request: request}, "prepare")
	switch {
	case err != nil:
		return nil, "", err
	case answer.Error != nil:
		return nil, answer.Error.Error(), nil
	case answer.Request == nil:
		return nil, "", fmt.Errorf("native evaluator: prepare: answer without request")
	}
	return answer.Request, "", nil
}

// stored is what an API server makes of an admitted pod before it asks the validating phase: the way of a pod through an
// evaluator that refuses it leads there, too.
func (b *bench) stored(request *protocol.Request) (json.RawMessage, error) {
	admitted, off := *request, false
	admitted.ServiceAccountPlugin = &off
	answer, err := b.bare.Review(&admitted, "strategy")
	switch {
	case err != nil:
		return nil, err
	case answer.Error != nil:
		return nil, answer.Error
	}
	return answer.Created.Object, nil
}

// onSide is one side's part in a judgement.
type onSide struct {
	name    string
	verdict func(j *verify.Judgement, phase verify.Phase) *verify.Verdict
}

func bothSides() []onSide {
	return []onSide{
		{"native", func(j *verify.Judgement, phase verify.Phase) *verify.Verdict { v, _ := j.Verdicts(phase); return v }},
		{"the bundle", func(j *verify.Judgement, phase verify.Phase) *verify.Verdict { _, v := j.Verdicts(phase); return v }},
	}
}

// decode reads a JSON document with its numbers as they are written.
func decode(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var value any
	err := d.Decode(&value)
	return value, err
}
