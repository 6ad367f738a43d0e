// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"psp2rego/verify/e2e/clusters"
	"psp2rego/verify/e2e/processes"
)

// TestAnotherMutatingWebhook has somebody else's webhook change pods on both clusters, after policies chose and before they are asked again.
func TestAnotherMutatingWebhook(t *testing.T) {
	forJeff(t)
	sidecar := func(context string) string {
		return fmt.Sprintf(`[{"op":"add","path":"/spec/containers/-","value":{"name":"sidecar","image":"proxy"%s}}]`, context)
	}
	for label, patch := range map[string]string{
		"good":   sidecar(""),
		"bad":    sidecar(`,"securityContext":{"privileged":true}`),
		"repair": `[{"op":"replace","path":"/spec/containers/0/securityContext","value":{"privileged":false}}]`,
	} {
		injector(t, label, patch)
	}
	labelled := func(label, containers string) clusters.Call {
		return dry("jeff", pod(fmt.Sprintf(`"name":"p","labels":{"change":%q}`, label), containers))
	}
	t.Run("a sidecar gets the policy's defaults", func(t *testing.T) {
		admitted := both(t, labelled("good", plainContainers), expectation{kind: clusters.Admitted, policy: "unprivileged"})
		var p struct {
			Spec struct {
				Containers []struct {
					SecurityContext struct{ AllowPrivilegeEscalation *bool }
				}
			}
		}
		if err := json.Unmarshal(admitted.Pod, &p); err != nil {
			t.Fatal(err)
		}
		if len(p.Spec.Containers) != 2 {
			t.Fatalf("no sidecar: %s", admitted.Pod)
		}
		for i, c := range p.Spec.Containers {
			if value := c.SecurityContext.AllowPrivilegeEscalation; value == nil || *value {
				t.Errorf("container %d: %s", i, admitted.Pod)
			}
		}
	})
	t.Run("a sidecar that no policy accepts is refused", func(t *testing.T) {
		both(t, labelled("bad", plainContainers), expectation{kind: clusters.Denied})
	})
	t.Run("a pod that would be repaired is refused first", func(t *testing.T) {
		both(t, labelled("repair", `"containers":[{"name":"c","image":"nginx","securityContext":{"privileged":true}}]`), expectation{
			kind:    clusters.Denied,
			message: "PodSecurityPolicy: unable to admit pod: [spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed]",
		})
	})
}

// injector registers a mutating webhook on both clusters, for pods with the label, which patches each once, and waits until it is called.
func injector(t *testing.T, label, patch string) {
	t.Helper()
	for _, side := range []*side{shared.old, shared.new} {
		name := side.Name + "-injector-" + label
		if err := side.Authority.Server(name); err != nil {
			t.Fatal(err)
		}
		pair, err := tls.LoadX509KeyPair(side.Authority.File(name+".crt"), side.Authority.File(name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(patcher(patch))
		server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
		server.StartTLS()
		t.Cleanup(server.Close)
		authority, err := os.ReadFile(side.Authority.File("ca.crt"))
		if err != nil {
			t.Fatal(err)
		}
		const collection = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
		type object = map[string]any
		err = side.back.Ensure(within(t), collection, object{"metadata": object{"name": "injector-" + label}, "webhooks": []any{object{
			"name": "injector.example.com", "clientConfig": object{"url": server.URL, "caBundle": authority},
			"rules":              []any{object{"operations": []any{"CREATE"}, "apiGroups": []any{""}, "apiVersions": []any{"v1"}, "resources": []any{"pods"}}},
			"objectSelector":     object{"matchLabels": object{"change": label}},
			"sideEffects":        "None",
			"failurePolicy":      "Fail",
			"reinvocationPolicy": "Never", "admissionReviewVersions": []any{"v1"},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			call := clusters.Call{Method: http.MethodDelete, Path: collection + "/injector-" + label}
			if _, err := side.back.Must(context.WithoutCancel(t.Context()), &call); err != nil {
				t.Error(err)
			}
		})
		probe := dry("", pod(fmt.Sprintf(`"name":"p","labels":{"change":%q}`, label),
			`"containers":[{"name":"c","image":"nginx","securityContext":{"privileged":true}}]`)) // administrators may
		err = processes.Until(within(t), func(ctx context.Context) (bool, error) {
			answer, err := side.front.Do(ctx, &probe)
			return err == nil && answer.Status == nil && called(answer.Object), err
		})
		if err != nil {
			t.Fatalf("%s is not called: %v", name, err)
		}
	}
}

// called says whether an injector changed a pod of one privileged container.
func called(object json.RawMessage) bool {
	var p struct {
		Spec struct {
			Containers []struct {
				SecurityContext struct{ Privileged bool }
			}
		}
	}
	return json.Unmarshal(object, &p) == nil && (len(p.Spec.Containers) > 1 || !p.Spec.Containers[0].SecurityContext.Privileged)
}

// patcher answers each review with the patch.
func patcher(patch string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review struct{ Request struct{ UID string } }
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": map[string]any{
			"uid": review.Request.UID, "allowed": true, "patchType": "JSONPatch", "patch": []byte(patch),
		}})
	})
}
