// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"psp2rego/verify/protocol"
)

// podsToPrepare differ in what the API server and the ServiceAccount plugin do to them.
const podsToPrepare = "testdata/pods.yaml"

// TestPreparedPodsAreWhatTheAPIServerMakesOfThem compares explain's preparation with the real one. The API server fills
// in more than a policy reads, so what it says wins wherever explain says something, and nothing may be missing from the
// parts that policies read.
func TestPreparedPodsAreWhatTheAPIServerMakesOfThem(t *testing.T) {
	native := startTestNative(t)
	data, err := os.ReadFile(podsToPrepare)
	if err != nil {
		t.Fatal(err)
	}
	options := &explainOptions{pod: podsToPrepare, user: "jeff"}
	workloads, err := options.readWorkloads(nil)
	if err != nil {
		t.Fatal(err)
	}
	if documents := strings.Count(string(data), "\n---\n") + 1; len(workloads) != documents {
		t.Fatalf("read %d pods of %d", len(workloads), documents)
	}
	for _, w := range workloads {
		t.Run(w.kind+" "+w.name(), func(t *testing.T) {
			q, err := options.ask(w)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := native.Ask(protocol.Line{Op: protocol.OpPrepare, Request: &q.sent}, "prepare")
			if err != nil || answer.Error != nil {
				t.Fatal(err, answer)
			}
			theirs, ours := readByPolicies(t, answer.Request.Object), readByPolicies(t, q.prepared.Object)
			if d := cmp.Diff(theirs, ours); d != "" {
				t.Errorf("(-API server +explain)\n%s", d)
			}
		})
	}
}

// readByPolicies is what PodSecurityPolicy admission reads of a pod, with the token volume's random name evened out.
func readByPolicies(t *testing.T, object json.RawMessage) map[string]any {
	t.Helper()
	var pod map[string]any
	if err := yaml.Unmarshal(object, &pod); err != nil {
		t.Fatal(err)
	}
	metadata, _ := pod["metadata"].(map[string]any)
	spec, _ := pod["spec"].(map[string]any)
	read := pick(spec, "securityContext", "hostNetwork", "hostPID", "hostIPC", "runtimeClassName", "serviceAccountName",
		"serviceAccount", "volumes")
	read["annotations"], read["name"], read["generateName"] = metadata["annotations"], metadata["name"], metadata["generateName"]
	for _, list := range []string{"initContainers", "containers", "ephemeralContainers"} {
		containers, _ := spec[list].([]any)
		for i, c := range containers {
			container, _ := c.(map[string]any)
			ports, _ := container["ports"].([]any)
			for j, p := range ports {
				ports[j] = pick(p.(map[string]any), "hostPort", "containerPort")
			}
			containers[i] = pick(container, "name", "securityContext", "ports", "volumeMounts")
		}
		read[list] = containers
	}
	return evenOut(read).(map[string]any)
}

func pick(object map[string]any, names ...string) map[string]any {
	picked := map[string]any{}
	for _, name := range names {
		if value, ok := object[name]; ok {
			picked[name] = value
		}
	}
	return picked
}

// evenOut renames the token volume, and drops the file modes and fixed paths that the API server writes into volumes and
// no policy reads.
func evenOut(value any) any {
	switch v := value.(type) {
	case map[string]any:
		delete(v, "defaultMode")
		delete(v, "expirationSeconds")
		for key := range v {
			v[key] = evenOut(v[key])
		}
	case []any:
		for i := range v {
			v[i] = evenOut(v[i])
		}
	case string:
		if strings.HasPrefix(v, tokenVolumePrefix) {
			return tokenVolumePrefix + "xxxxx"
		}
	}
	return value
}
