// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"

	"psp2rego/verify/protocol"
)

// Explanation is what data.psp.explain says about one request, as far as it is compared.
type Explanation struct {
	Policies map[string]PolicyExplanation `json:"policies"`
}

// PolicyExplanation is what one policy has to do with a request.
type PolicyExplanation struct {
	Usable     bool     `json:"usable"`
	Reason     string   `json:"reason"` // why it is not usable
	Authorized bool     `json:"authorized"`
	Grants     []Grant  `json:"grants"`
	Accepts    bool     `json:"accepts"`
	Violations []string `json:"violations"`
	// Writes are the defaults that the policy fills in: pairs of a path and a value.
	Writes [][]any `json:"writes"`
}

// Grant is one way by which the requester or the pod's service account may use a policy.
type Grant struct {
	Subject   string `json:"subject"`
	Binding   string `json:"binding"`
	Role      string `json:"role"`
	Namespace string `json:"namespace"`
}

// Explain asks the entry point that explains a decision.
func (o *OPA) Explain(ctx context.Context, request *protocol.Request) (*Explanation, error) {
	input, err := reviewInput(request)
	if err != nil {
		return nil, err
	}
	return o.explained(ctx, input)
}

func (o *OPA) explained(ctx context.Context, input ast.Value) (*Explanation, error) {
	documents, err := ask(ctx, &o.explain, input)
	if err != nil {
		return nil, fmt.Errorf("data.psp.explain: %w", err)
	}
	data, err := json.Marshal(documents["review"])
	if err != nil {
		return nil, fmt.Errorf("data.psp.explain: %w", err)
	}
	explanation := &Explanation{}
	if err := json.Unmarshal(data, explanation); err != nil {
		return nil, fmt.Errorf("data.psp.explain: %w", err)
	}
	return explanation, nil
}
