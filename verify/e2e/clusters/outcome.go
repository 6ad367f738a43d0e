// SPDX-License-Identifier: Apache-2.0

package clusters

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

// Kind says what became of a request.
type Kind string

// The kinds.
const (
	// Admitted is a pod that was stored, or would have been.
	Admitted Kind = "admitted"
	// Denied is a refusal by policies.
	Denied Kind = "refused"
	// Invalid is a pod that the API does not take, whatever policies say.
	Invalid Kind = "invalid"
	// Failed is any other refusal.
	Failed Kind = "failed"
)

// Outcome is an answer in a form that is the same for a plugin and for a webhook.
type Outcome struct {
	Kind Kind
	// Policy is the one that the pod's annotation names.
	Policy string
	// Message is the refusal: by policies, from the words that plugin and webhook have in common on; else all of it.
	Message string
	// Pod is the pod, without what no two API servers have in common.
	Pod json.RawMessage
}

// Annotation names the policy that admitted a pod.
const Annotation = "kubernetes.io/psp"

// OutcomeOf reads an answer about a pod.
func OutcomeOf(answer *Answer) Outcome {
	if answer.Status != nil {
		message := answer.Status.Message
		switch at := strings.Index(message, "PodSecurityPolicy: "); {
		case at >= 0 && answer.Code == http.StatusForbidden:
			return Outcome{Kind: Denied, Message: message[at:]}
		case answer.Code == http.StatusUnprocessableEntity || answer.Code == http.StatusBadRequest:
			return Outcome{Kind: Invalid, Message: message}
		}
		return Outcome{Kind: Failed, Message: message}
	}
	var pod map[string]any
	if err := json.Unmarshal(answer.Object, &pod); err != nil {
		return Outcome{Kind: Failed, Message: "no JSON: " + err.Error()}
	}
	o := Outcome{Kind: Admitted}
	metadata, _ := pod["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	o.Policy, _ = annotations[Annotation].(string)
	for _, field := range []string{"uid", "creationTimestamp", "managedFields", "resourceVersion"} {
		delete(metadata, field)
	}
	if prefix, _ := metadata["generateName"].(string); prefix != "" {
		if name, _ := metadata["name"].(string); strings.HasPrefix(name, prefix) && len(name) == len(prefix)+5 {
			metadata["name"] = prefix + "xxxxx"
		}
	}
	data, err := json.Marshal(pod)
	if err != nil {
		return Outcome{Kind: Failed, Message: err.Error()}
	}
	o.Pod = tokenVolume.ReplaceAll(data, []byte(`"kube-api-access-xxxxx"`))
	return o
}

// tokenVolume is the name that ServiceAccount admission makes up.
var tokenVolume = regexp.MustCompile(`"kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}"`)
