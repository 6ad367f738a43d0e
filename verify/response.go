// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// reviewUID marks our AdmissionReviews; the answer has to repeat it.
const reviewUID = "705ab4f5-6393-11e8-b7cc-42010a800002"

// readReview reads an AdmissionReview as readResponse does, and demands that a refusal is worded as
// native's is.
func readReview(document any, phase Phase) (*Verdict, error) {
	verdict, err := readResponse(document, phase)
	if err != nil || verdict.Allowed {
		return verdict, err
	}
	status, _ := document.(map[string]any)["response"].(map[string]any)["status"].(map[string]any)
	if status["reason"] != "Forbidden" || fmt.Sprint(status["code"]) != fmt.Sprint(http.StatusForbidden) {
		return nil, fmt.Errorf("a refusal has code %v, reason %v", status["code"], status["reason"])
	}
	if verdict.Message == "" {
		return nil, errors.New("a refusal has no message")
	}
	return verdict, nil
}

// readResponse reads an AdmissionReview that carries a response. It refuses whatever an API server
// would refuse (k8s.io/apiserver pkg/admission/plugin/webhook/request, v1.24.17), and more.
func readResponse(document any, phase Phase) (*Verdict, error) {
	review, ok := document.(map[string]any)
	if !ok || review["apiVersion"] != "admission.k8s.io/v1" || review["kind"] != "AdmissionReview" {
		return nil, fmt.Errorf("not an AdmissionReview: %v", document)
	}
	response, ok := review["response"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("an AdmissionReview without response: %v", document)
	}
	if response["uid"] != reviewUID {
		return nil, fmt.Errorf("the response is for uid %v", response["uid"])
	}
	verdict := &Verdict{}
	if verdict.Allowed, ok = response["allowed"].(bool); !ok {
		return nil, fmt.Errorf("the response has allowed %v", response["allowed"])
	}
	if err := readPatch(verdict, response, phase); err != nil {
		return nil, err
	}
	if status, ok := response["status"].(map[string]any); ok && !verdict.Allowed {
		verdict.Message, _ = status["message"].(string)
	}
	audit, ok := response["auditAnnotations"].(map[string]any)
	if !ok && response["auditAnnotations"] != nil {
		return nil, fmt.Errorf("the response has audit annotations %v", response["auditAnnotations"])
	}
	verdict.Audit = make(map[string]string, len(audit))
	for key, value := range audit {
		if verdict.Audit[key], ok = value.(string); !ok {
			return nil, fmt.Errorf("the response has audit annotation %q %v", key, value)
		}
	}
	verdict.Policy = verdict.Audit[phase.auditKey()]
	verdict.Handled = !verdict.Allowed || len(verdict.Audit) > 0
	return verdict, nil
}

// readBlocks joins the violations of each policy that has some to one text.
func readBlocks(document any) []string {
	policies, _ := document.([]any)
	var blocks []string
	for _, policy := range policies {
		violations, _ := policy.([]any)
		texts := make([]string, len(violations))
		for i, violation := range violations {
			texts[i], _ = violation.(string)
		}
		if len(texts) > 0 {
			blocks = append(blocks, strings.Join(texts, " "))
		}
	}
	return blocks
}

func readPatch(verdict *Verdict, response map[string]any, phase Phase) error {
	patch, kind := response["patch"], response["patchType"]
	if patch == nil && kind == nil {
		return nil
	}
	text, ok := patch.(string)
	switch {
	case phase == Validate:
		return errors.New("a validating response carries a patch")
	case !verdict.Allowed:
		return errors.New("a refusal carries a patch")
	case !ok || kind != "JSONPatch":
		return fmt.Errorf("the response has patch %v of type %v", patch, kind)
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("patch: %w", err)
	}
	verdict.Patch = data
	return nil
}
