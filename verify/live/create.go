// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"psp2rego/verify/protocol"
)

// Answer is what an API server makes of the creation of a pod, as far as PodSecurityPolicy, or what has taken its place, has to do with it.
type Answer struct {
	// Missing is set, and nothing else, when the server was not asked, or something refused the pod that has nothing to do with policies and may have done so
	// before they were asked: it says why.
	Missing string
	// Allowed says whether the pod was let in, and Pod is then what would be stored, with Policy the name that is noted in it.
	Allowed bool
	Pod     json.RawMessage
	Policy  string
	// Later says what refused a pod that the policies had let in; Allowed is then set, and no Pod.
	Later string
	// Message are the words of a refusal, from "PodSecurityPolicy: " on. It is InValidation if it is the validating phase that speaks.
	Message      string
	InValidation bool
}

// ByValidation starts Answer.Later where it was API validation that refused.
const ByValidation = "API validation: "

// policyAnnotation is where the policy's name is noted.
const policyAnnotation = "kubernetes.io/psp"

// Create asks by a dry run what becomes of a request that Fit and an evaluator have prepared.
func (s *Server) Create(ctx context.Context, r *protocol.Request) (*Answer, error) {
	missing, err := s.place(ctx, r)
	if err != nil || missing != "" {
		return &Answer{Missing: missing}, err
	}
	as := &requester{r.UserInfo.Username, r.UserInfo.Groups}
	query := url.Values{"dryRun": {"All"}, "fieldManager": {"psp2rego"}}
	said, err := s.call(ctx, as, http.MethodPost, namespacesPath+"/"+r.Namespace+"/pods", query, []byte(r.Object))
	if err != nil {
		return nil, err
	}
	if said.code < http.StatusMultipleChoices {
		return s.admitted(said)
	}
	return s.refused(said), nil
}

func (s *Server) admitted(said *reply) (*Answer, error) {
	pod := struct {
		Kind     string
		Metadata struct{ Annotations map[string]string }
	}{}
	if err := json.Unmarshal(said.body, &pod); err != nil || pod.Kind != "Pod" {
		return nil, fmt.Errorf("API server %s: %s: %d with something that is no pod: %.100q", s.Host, said.path, said.code, said.body)
	}
	policy, noted := pod.Metadata.Annotations[policyAnnotation]
	if s.Native && !noted {
		return nil, fmt.Errorf("API server %s let a pod in without noting a policy (annotation %s): its admission plugin PodSecurityPolicy is off, "+
			"so that there is nothing to compare with", s.Host, policyAnnotation)
	}
	return &Answer{Allowed: true, Pod: said.body, Policy: policy}, nil
}

// ofPolicies starts what PodSecurityPolicy says, and what psp2rego says in its place.
const ofPolicies = "PodSecurityPolicy: "

// denied is the API server's wrapping of what a webhook says, with what Gatekeeper puts before a message.
var denied = regexp.MustCompile(`^admission webhook "([^"]*)" denied the request: (?:\[[^\]]*\] )?`)

// refused finds out who refused, and why.
func (s *Server) refused(said *reply) *Answer {
	text := said.text()
	reason := said.status.Reason
	// A webhook chooses its reason itself, and may take one of the server's.
	if webhook := denied.FindStringSubmatch(text); webhook != nil {
		if words := text[len(webhook[0]):]; !s.Native && strings.HasPrefix(words, ofPolicies) {
			return ofRefusal(words)
		}
		return &Answer{Missing: fmt.Sprintf("webhook %s refuses it", webhook[1])}
	}
	if reason == metav1.StatusReasonInvalid {
		return &Answer{Allowed: true, Later: ByValidation + text}
	}
	if reason == metav1.StatusReasonAlreadyExists {
		return &Answer{Allowed: true, Later: text}
	}
	words, ofPod := forbidden(text)
	switch {
	case ofPod && s.Native && strings.HasPrefix(words, ofPolicies):
		return ofRefusal(words)
	case ofPod && s.isLater(words):
		return &Answer{Allowed: true, Later: words}
	case strings.HasPrefix(text, "pods is forbidden: ") || strings.Contains(text, " cannot create resource "):
		return &Answer{Missing: "its requester may not create pods in its namespace, whatever the policies say"}
	case reason == metav1.StatusReasonBadRequest:
		return &Answer{Missing: "the API server cannot read the pod"}
	}
	return &Answer{Missing: fmt.Sprintf("the API server refuses it for other reasons: %s", general(words))}
}

func ofRefusal(words string) *Answer {
	return &Answer{Message: words, InValidation: strings.HasPrefix(words, ofPolicies+"unable to validate pod: ")}
}

// isLater says whether what refuses is one of the admission plugins that are asked after PodSecurityPolicy (pkg/kubeapiserver/options/plugins.go, v1.24.17), by
// their words. Webhooks are asked after most of them, so that of an API server without the plugin only the quota is left.
func (s *Server) isLater(words string) bool {
	for _, word := range []string{"exceeded quota: ", "failed quota: "} {
		if strings.HasPrefix(words, word) {
			return true
		}
	}
	for _, word := range []string{"pod rejected: ", "no PriorityClass with name ", "the integer value of priority (", "the string value of PreemptionPolicy ("} {
		if s.Native && strings.HasPrefix(words, word) {
			return true
		}
	}
	return false
}

// forbidden cuts `pods "name" is forbidden: ` off.
func forbidden(text string) (words string, ofPod bool) {
	rest, ok := strings.CutPrefix(text, "pods ")
	if !ok {
		return text, false
	}
	name, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return text, false
	}
	return strings.CutPrefix(rest[len(name):], " is forbidden: ")
}

var particular = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?[0-9]+|\S*/\S*`)

// general is a text without the names in it, so that reasons can be counted.
func general(text string) string {
	text = particular.ReplaceAllString(strings.ReplaceAll(text, "\n", " "), "...")
	return text[:min(len(text), 60)]
}
