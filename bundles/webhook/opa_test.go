// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"

	"psp2rego/bundles/opa"
	"psp2rego/bundles/server"
	"psp2rego/bundles/webhook"
)

// installation is OPA behind the webhooks, with the bundle of the policies of MKE's documentation, of which jeff may use unprivileged.
type installation struct {
	set    *manifests
	mounts *mounts
	opa    *process
}

func install(t *testing.T, meta opa.Meta) (in *installation, stop func()) {
	t.Helper()
	a, key := newAuthority(t), newKey(t)
	bundle, _ := serveBundle(t, a, packed(t, key, meta, "base/policies.yaml", "base/roles.yaml", "page/unprivileged-jeff.yaml"))
	in = &installation{set: build(t, options(t, a, bundle.URL, verification(t, &key.PublicKey)))}
	certificate, private := a.issue(t, "psp2rego.psp2rego-system.svc")
	in.mounts = newMounts(t, in.set, certificate, private)
	in.opa = in.mounts.run(t, in.set, "Bundle loaded and activated successfully")
	return in, bundle.Close
}

func options(t *testing.T, a *authority, url string, key *opa.VerificationKey) webhook.Options {
	t.Helper()
	return webhook.Options{
		BundleURL: url + server.Path, BundleCA: a.pem, BundleTokenSecret: "bundle-token", VerificationKey: key,
		TLSSecret: "opa-tls", CABundle: a.pem,
	}
}

func (in *installation) mutate(t *testing.T, review map[string]any) map[string]any {
	t.Helper()
	return in.opa.review(t, in.set.mutating.Webhooks[0].ClientConfig, review)
}

func (in *installation) validate(t *testing.T, review map[string]any) map[string]any {
	t.Helper()
	return in.opa.review(t, in.set.validating.Webhooks[0].ClientConfig, review)
}

// pod is one container's pod, with more in its container.
func pod(t *testing.T, container map[string]any) map[string]any {
	t.Helper()
	text := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"default"},
		"spec":{"serviceAccountName":"default","containers":[{"name":"c","image":"nginx"}]}}`
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	made := object["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)
	for key, value := range container {
		made[key] = value
	}
	return object
}

func review(operation string, object, old map[string]any) map[string]any {
	resource := map[string]any{"group": "", "version": "v1", "resource": "pods"}
	return map[string]any{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": map[string]any{
		"uid": "u-1", "kind": map[string]any{"group": "", "version": "v1", "kind": "Pod"}, "resource": resource, "name": "p", "namespace": "default",
		"operation": operation, "userInfo": map[string]any{"username": "jeff", "groups": []string{"system:authenticated"}},
		"object": object, "oldObject": old,
	}}
}

// patched applies the answer's patch.
func patched(t *testing.T, object map[string]any, response map[string]any) map[string]any {
	t.Helper()
	text, _ := response["patch"].(string)
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || response["patchType"] != "JSONPatch" {
		t.Fatalf("no patch: %v", response)
	}
	patch, err := jsonpatch.DecodePatch(data)
	if err != nil {
		t.Fatal(err)
	}
	before, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	after, err := patch.Apply(before)
	if err != nil {
		t.Fatal(err)
	}
	var changed map[string]any
	if err := json.Unmarshal(after, &changed); err != nil {
		t.Fatal(err)
	}
	return changed
}

// TestOPADecidesAsTheWebhookOfTheManifests calls a real OPA, with the emitted arguments and settings, as an API server would.
func TestOPADecidesAsTheWebhookOfTheManifests(t *testing.T) {
	in, _ := install(t, opa.Meta{})
	object := pod(t, nil)
	response := in.mutate(t, review("CREATE", object, nil))
	created := patched(t, object, response)
	want := pod(t, map[string]any{"securityContext": map[string]any{"allowPrivilegeEscalation": false}})
	want["metadata"].(map[string]any)["annotations"] = map[string]any{"kubernetes.io/psp": "unprivileged"}
	if d := cmp.Diff(want, created); d != "" {
		t.Error(d)
	}
	delete(response, "patch")
	delete(response, "patchType")
	if d := cmp.Diff(map[string]any{"uid": "u-1", "allowed": true, "auditAnnotations": map[string]any{"admit-policy": "unprivileged"}}, response); d != "" {
		t.Error(d)
	}
	accepted := map[string]any{"uid": "u-1", "allowed": true, "auditAnnotations": map[string]any{"validate-policy": "unprivileged"}}
	if d := cmp.Diff(accepted, in.validate(t, review("CREATE", created, nil))); d != "" {
		t.Error(d)
	}

	// The words are native's, behind what an API server puts before a webhook's.
	privileged := pod(t, map[string]any{"securityContext": map[string]any{"privileged": true}})
	const why = "[spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed]"
	if d := cmp.Diff(refusal("PodSecurityPolicy: unable to admit pod: "+why), in.mutate(t, review("CREATE", privileged, nil))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(refusal("PodSecurityPolicy: unable to validate pod: "+why), in.validate(t, review("UPDATE", privileged, object))); d != "" {
		t.Error(d)
	}
	unknown := review("CREATE", object, nil)
	unknown["request"].(map[string]any)["userInfo"] = map[string]any{"username": "mallory"}
	if d := cmp.Diff(refusal("PodSecurityPolicy: unable to admit pod: []"), in.mutate(t, unknown)); d != "" {
		t.Error(d)
	}
}

func TestOPAWarnsOfWhatAPolicyFilledIn(t *testing.T) {
	in, _ := install(t, opa.Meta{WarnDefaults: true})
	object := pod(t, nil)
	response := in.mutate(t, review("CREATE", object, nil))
	want := []any{`PodSecurityPolicy "unprivileged" set spec.containers[0].securityContext.allowPrivilegeEscalation`}
	if d := cmp.Diff(want, response["warnings"]); d != "" {
		t.Error(d)
	}
	created := patched(t, object, response)
	for name, response := range map[string]map[string]any{
		"what was filled in before": in.mutate(t, review("CREATE", created, nil)), "a validation": in.validate(t, review("CREATE", created, nil)),
		"an update": in.mutate(t, review("UPDATE", created, created)),
	} {
		if warnings, _ := response["warnings"].([]any); len(warnings) > 0 || response["allowed"] != true {
			t.Errorf("%s: %v", name, response)
		}
	}
}

func refusal(message string) map[string]any {
	return map[string]any{"uid": "u-1", "allowed": false, "status": map[string]any{
		"code": float64(http.StatusForbidden), "reason": "Forbidden", "message": message,
	}}
}

// TestTheDecisionLogHidesSecrets reads what a real OPA logs.
func TestTheDecisionLogHidesSecrets(t *testing.T) {
	in, _ := install(t, opa.Meta{})
	const secret = "hunter2"
	object := pod(t, map[string]any{"env": []any{
		map[string]any{"name": "PASSWORD", "value": secret},
		map[string]any{"name": "REFERENCE", "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": "db", "key": "password"}}},
	}})
	object["metadata"].(map[string]any)["annotations"] = map[string]any{
		"kubectl.kubernetes.io/last-applied-configuration": `{"env":"` + secret + `"}`, "team": "a",
	}
	response := in.mutate(t, review("CREATE", object, nil))
	created := patched(t, object, response)
	if text, _ := json.Marshal(created); strings.Count(string(text), secret) != 2 {
		t.Errorf("the pod itself has lost what the log must not tell: %s", text)
	}
	line := in.opa.await(t, "decision_logs")
	in.validate(t, review("UPDATE", created, object))
	for _, line := range []string{line, in.opa.await(t, "decision_logs")} {
		if strings.Contains(line, secret) {
			t.Errorf("tells the secret: %s", line)
		}
		for _, kept := range []string{"PASSWORD", "REFERENCE", "secretKeyRef", `"team":"a"`, "**hidden**"} {
			if !strings.Contains(line, kept) {
				t.Errorf("does not tell %s: %s", kept, line)
			}
		}
		if _, rest, ok := strings.Cut(line, `"patch":"`); ok {
			encoded, _, _ := strings.Cut(rest, `"`)
			patch, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil || strings.Contains(string(patch), secret) || !strings.Contains(string(patch), "allowPrivilegeEscalation") {
				t.Errorf("the log's patch is %s, %v", patch, err)
			}
		}
	}
}

func TestOPAAnswersTheQuestionsOfTheWebhooksAlone(t *testing.T) {
	in, _ := install(t, opa.Meta{})
	for _, tc := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/health", "", http.StatusOK},
		{"GET", "/health?bundles", "", http.StatusOK},
		{"GET", "/metrics", "", http.StatusOK},
		{"POST", "/v0/data/psp/mutate", "{}", http.StatusOK},
		{"GET", "/v1/data", "", http.StatusUnauthorized},
		{"POST", "/v0/data/psp/explain", "{}", http.StatusUnauthorized},
		{"POST", "/", "{}", http.StatusUnauthorized},
		{"PUT", "/v1/policies/mask", "package system.log\n", http.StatusUnauthorized},
		{"PUT", "/v1/data/lib/psp/grants", "{}", http.StatusUnauthorized},
		{"POST", "/v1/query", `{"query": "x = 1"}`, http.StatusUnauthorized},
		{"POST", "/v0/data/psp/mutate", `{"request": "` + strings.Repeat("x", 17<<20) + `"}`, http.StatusBadRequest},
	} {
		if status, data := in.opa.call(t, tc.method, tc.path, []byte(tc.body)); status != tc.status {
			t.Errorf("%s %s: status %d, want %d: %.300s", tc.method, tc.path, status, tc.status, data)
		}
	}
}

func TestOPAStartsAgainWithoutTheBundleServer(t *testing.T) {
	in, stop := install(t, opa.Meta{})
	in.opa.kill()
	stop()
	in.opa = in.mounts.run(t, in.set, "Bundle load failed") // by the network; what is on disk was loaded before
	if response := in.mutate(t, review("CREATE", pod(t, nil), nil)); response["allowed"] != true {
		t.Errorf("without the bundle: %v", response)
	}
	if status, data := in.opa.call(t, "GET", "/health?bundles", nil); status != http.StatusOK {
		t.Errorf("not ready: %d %s", status, data)
	}
}

func TestOPATakesSignedBundlesAlone(t *testing.T) {
	a, key := newAuthority(t), newKey(t)
	for name, signer := range map[string]bool{"unsigned": false, "signed with another key": true} {
		t.Run(name, func(t *testing.T) {
			bundle := packed(t, nil, opa.Meta{}, "base")
			if signer {
				bundle = packed(t, newKey(t), opa.Meta{}, "base")
			}
			source, asked := serveBundle(t, a, bundle)
			set := build(t, options(t, a, source.URL, verification(t, &key.PublicKey)))
			certificate, private := a.issue(t, "psp2rego.psp2rego-system.svc")
			refusing := newMounts(t, set, certificate, private).run(t, set, "Bundle load failed")
			if asked.Load() == 0 {
				t.Error("nobody asked for the bundle")
			}
			if status, _ := refusing.call(t, "GET", "/health?bundles", nil); status != http.StatusInternalServerError {
				t.Errorf("ready with status %d", status)
			}
			body, err := json.Marshal(review("CREATE", pod(t, nil), nil))
			if err != nil {
				t.Fatal(err)
			}
			if status, data := refusing.call(t, "POST", "/v0/data/psp/mutate", body); status != http.StatusNotFound {
				t.Errorf("decides without policies: %d %s", status, data)
			}
		})
	}
}
