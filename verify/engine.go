// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"encoding/json"
	"fmt"

	"psp2rego/verify/protocol"
)

// Phase is one of the two questions that PodSecurityPolicy admission answers.
type Phase string

const (
	// Mutate is native Admit: choose a policy, fill in its defaults, or refuse.
	Mutate Phase = "mutate"
	// Validate is native Validate: does some usable policy accept the pod as it stands?
	Validate Phase = "validate"
)

// Verdict is what an engine decides in one phase, in terms that all engines share: Message without
// the prefix that its transport adds, Audit without the prefix of the plugin's or webhook's name.
type Verdict struct {
	Handled bool              `json:"handled"`
	Allowed bool              `json:"allowed"`
	Policy  string            `json:"policy,omitempty"`
	Message string            `json:"message,omitempty"`
	Audit   map[string]string `json:"audit,omitempty"`
	// Object is the pod after the phase, and set only when Mutate allowed it.
	Object json.RawMessage `json:"object,omitempty"`
	// Patch is the JSONPatch that leads there; only engines behind a webhook have one.
	Patch json.RawMessage `json:"patch,omitempty"`
	// Fault says why the engine's answer is no answer: an entry point is missing, undefined, or
	// returns something else than an AdmissionReview. A verdict with a fault equals no other.
	Fault string `json:"fault,omitempty"`
	// effective is the object in the form that is compared; nil compares Object as it is.
	effective json.RawMessage
	// partial is set where nothing but the decision is known, and sent on what a live API server would store: the pod as it was sent.
	partial bool
	sent    json.RawMessage
	// blocks are the parts of a refusal's message, one per policy, where the engine tells them apart.
	blocks []string
}

// Engine decides one phase of one request whose object is already as a webhook would see it. An
// error means that the question could not be put; it is never a verdict.
type Engine interface {
	Evaluate(ctx context.Context, phase Phase, request *protocol.Request) (*Verdict, error)
}

var (
	_ Engine = (*Native)(nil)
	_ Engine = (*OPA)(nil)
)

// Load replaces the policies and bindings that decide. An error of type *protocol.Error means that
// the process is fine and does not take these objects.
func (n *Native) Load(cluster protocol.Cluster, what string) error {
	answer, err := n.Ask(protocol.Line{Op: protocol.OpCluster, Cluster: &cluster}, what)
	if err != nil {
		return err
	}
	if answer.Error != nil {
		return fmt.Errorf("native evaluator: %s: %w", what, answer.Error)
	}
	return nil
}

// Review puts the request through preparation, both phases and the pod strategy between them.
func (n *Native) Review(request *protocol.Request, what string) (*protocol.Answer, error) {
	answer, err := n.Ask(protocol.Line{Op: protocol.OpReview, Request: request}, what)
	if err != nil {
		return nil, err
	}
	return answer, checkReview(answer, what)
}

// Evaluate decides one phase. The object is taken as given.
func (n *Native) Evaluate(_ context.Context, phase Phase, request *protocol.Request) (*Verdict, error) {
	op := protocol.OpAdmit
	if phase == Validate {
		op = protocol.OpValidate
	}
	answer, err := n.Ask(protocol.Line{Op: op, Request: request}, string(phase))
	if err != nil {
		return nil, err
	}
	if answer.Error != nil {
		return nil, fmt.Errorf("native evaluator: %s: %w", phase, answer.Error)
	}
	got := answer.Admit
	if phase == Validate {
		got = answer.Validate
	}
	if got == nil {
		return nil, fmt.Errorf("native evaluator: %s: answer without a verdict", phase)
	}
	return nativeVerdict(got)
}

// checkReview makes sure that a review's answer is complete, so that a missing member cannot pass
// for an agreeing one. An answer with an error is complete.
func checkReview(answer *protocol.Answer, what string) error {
	missing := ""
	switch {
	case answer.Error != nil:
	case answer.Request == nil:
		missing = "request"
	case answer.Admit == nil:
		missing = "admit"
	case answer.Validate == nil:
		missing = "validate"
	case answer.Validate.Handled && (answer.Created == nil || len(answer.Created.Object) == 0):
		missing = "created object"
	case answer.Admit.Handled && answer.Admit.Allowed && answer.Request.Operation == "CREATE" && len(answer.Admit.Object) == 0:
		missing = "admitted object"
	}
	if missing != "" {
		return fmt.Errorf("native evaluator: %s: answer without %s", what, missing)
	}
	return nil
}
