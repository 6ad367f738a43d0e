// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"psp2rego/verify/protocol"
)

// Gatekeeper is one process that runs Gatekeeper's constraint client and mutation system, over templates, constraints
// and mutators that it reads itself.
type Gatekeeper struct {
	evaluator
	mutators int // of the last cluster
}

var _ Engine = (*Gatekeeper)(nil)

// StartGatekeeper starts the process and checks its greeting. Ending ctx ends the process.
func StartGatekeeper(ctx context.Context, command NativeCommand) (*Gatekeeper, error) {
	if command.Path == "" {
		return nil, errors.New("no Gatekeeper evaluator")
	}
	g := &Gatekeeper{evaluator: evaluator{name: "Gatekeeper evaluator"}}
	if err := g.start(ctx, command, protocol.GatekeeperEngine, "GOGC=400"); err != nil {
		return nil, err
	}
	return g, nil
}

// Load replaces what decides: the templates, constraints and mutators in the files and folders, and the objects
// of the cluster. It returns what the process has to say about them. An error of type *protocol.Error
// means that the process is fine and Gatekeeper does not take the files.
func (g *Gatekeeper) Load(paths []string, objects []json.RawMessage, what string) ([]string, error) {
	g.mutators = 0
	answer, err := g.Ask(protocol.Line{Op: protocol.OpCluster, Cluster: &protocol.Cluster{Paths: paths, Objects: objects}}, what)
	if err != nil {
		return nil, err
	}
	if answer.Error != nil {
		return nil, fmt.Errorf("%s: %s: %w", g.name, what, answer.Error)
	}
	g.mutators = answer.Mutators
	return answer.Notes, nil
}

// Evaluate decides whether the object is accepted as it stands. There is no other phase: validation in
// Gatekeeper changes nothing.
func (g *Gatekeeper) Evaluate(_ context.Context, phase Phase, request *protocol.Request) (*Verdict, error) {
	if phase != Validate {
		return nil, fmt.Errorf("%s: has no phase %s", g.name, phase)
	}
	answer, err := g.Ask(protocol.Line{Op: protocol.OpValidate, Request: request}, string(phase))
	switch {
	case err != nil:
		return nil, err
	case answer.Error != nil:
		return nil, fmt.Errorf("%s: %s: %w", g.name, phase, answer.Error)
	case answer.Validate == nil:
		return nil, fmt.Errorf("%s: %s: answer without a verdict", g.name, phase)
	}
	v := answer.Validate
	return &Verdict{Handled: v.Handled, Allowed: v.Allowed, Message: v.Message, blocks: detailedBlocks(v.Details)}, nil
}
