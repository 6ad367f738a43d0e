// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	corev1 "k8s.io/api/core/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"psp2rego/verify/e2e/clusters"
	"psp2rego/verify/e2e/compare"
)

const scenario = "../../testdata/mke"

// step is one of the scenario's: the state of the cluster, requests, and what 1.24.17 answers.
type step struct {
	dialect  string
	objects  []json.RawMessage
	requests map[string]stepRequest
	want     map[string]string
}

// stepRequest is a NAME/request.yaml of a step.
type stepRequest struct {
	As                   string     `json:"as"`
	Groups               []string   `json:"groups"`
	Namespace            string     `json:"namespace"`
	ServiceAccountPlugin *bool      `json:"serviceAccountPlugin"`
	Pod                  corev1.Pod `json:"pod"`
}

// TestTheScenarioOnBothClusters walks through the MKE scenario: state by state, every request is created for good on both clusters, as the user who makes it.
func TestTheScenarioOnBothClusters(t *testing.T) { walk(t) }

func walk(t *testing.T) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(scenario, "steps", "*.txtar"))
	if err != nil || len(names) < 10 {
		t.Fatalf("found %d steps: %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			s := readStep(t, name)
			for request := range s.requests {
				s.prepare(t, request)
			}
			if refused := shared.hold(t, s.dialect, s.objects); len(refused) > 0 {
				t.Fatalf("1.24 refuses %v", refused)
			}
			for _, request := range slices.Sorted(maps.Keys(s.requests)) {
				t.Run(request, func(t *testing.T) { s.check(t, request) })
			}
		})
	}
}

// prepare starts the API servers that a request needs, before the state is waited for.
func (s *step) prepare(t *testing.T, request string) {
	t.Helper()
	plugin := s.requests[request].ServiceAccountPlugin
	for _, side := range []*side{shared.old, shared.new} {
		if _, err := side.judge(within(t), plugin == nil || *plugin); err != nil {
			t.Fatal(err)
		}
	}
}

// check asks both clusters, and holds the old one's answer against the scenario, too.
func (s *step) check(t *testing.T, name string) {
	r := s.requests[name]
	before := create(t, shared.old, &r, s.dialect)
	after := create(t, shared.new, &r, "")
	want, _, _ := strings.Cut(s.want[name], "\n")
	got := "admit: " + before.Policy
	if before.Kind != clusters.Admitted {
		got = "admit: refused: " + before.Message
	}
	if got != want {
		t.Errorf("the old cluster says %q, want %q", got, want)
	}
	result, err := compare.Outcomes(&before, &after)
	if err != nil {
		t.Fatal(err)
	}
	seen(result.Known)
	if result.Divergence != "" {
		t.Errorf("old and new differ: %s", result.Divergence)
	}
}

// create creates the pod for good, reads it again, and deletes it. Where the dialect is Mirantis', the groups that its API server adds come with the
// requester, because this one does not add them.
func create(t *testing.T, side *side, r *stepRequest, dialect string) clusters.Outcome {
	t.Helper()
	ctx := within(t)
	server, err := side.judge(ctx, r.ServiceAccountPlugin == nil || *r.ServiceAccountPlugin)
	if err != nil {
		t.Fatal(err)
	}
	pod := r.Pod.DeepCopy()
	pod.APIVersion, pod.Kind = "v1", "Pod"
	body, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	groups := r.Groups
	if dialect == "mke" && !strings.HasPrefix(r.As, "system:") {
		groups = append([]string{"system:authenticated", "system:authenticated:" + r.Namespace}, groups...)
	}
	call := clusters.Call{Method: http.MethodPost, Path: clusters.PodsPath(r.Namespace), As: r.As, Groups: groups, Body: body}
	dry := call
	dry.DryRun = true
	promised, err := server.Do(ctx, &dry)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Do(ctx, &call)
	if err != nil {
		t.Fatal(err)
	}
	outcome, promise := clusters.OutcomeOf(answer), clusters.OutcomeOf(promised)
	if outcome.Kind != promise.Kind || outcome.Policy != promise.Policy {
		t.Errorf("%s: a dry run says %+v, and then it is %+v", side.Name, promise, outcome)
	}
	if outcome.Kind != clusters.Admitted {
		return outcome
	}
	created := corev1.Pod{}
	if err := json.Unmarshal(answer.Object, &created); err != nil {
		t.Fatal(err)
	}
	path := clusters.PodsPath(r.Namespace) + "/" + created.Name
	stored, err := server.Must(ctx, &clusters.Call{Method: http.MethodGet, Path: path})
	if err != nil {
		t.Fatal(err)
	}
	side.remove(t, path)
	return clusters.OutcomeOf(&clusters.Answer{Code: http.StatusOK, Object: stored})
}

// remove deletes a pod at once.
func (s *side) remove(t *testing.T, path string) {
	t.Helper()
	if _, err := s.back.Must(within(t), &clusters.Call{Method: http.MethodDelete, Path: path + "?gracePeriodSeconds=0"}); err != nil {
		t.Fatal(err)
	}
}

func readStep(t *testing.T, name string) *step {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	s := &step{dialect: "kubernetes", requests: map[string]stepRequest{}, want: map[string]string{}}
	for _, file := range archive.Files {
		request, kind := filepath.Split(file.Name)
		request = filepath.Clean(request)
		switch kind {
		case "cluster":
			for _, name := range strings.Fields(string(file.Data)) {
				s.objects = append(s.objects, readObjects(t, filepath.Join(scenario, name))...)
			}
		case "dialect":
			s.dialect = strings.TrimSpace(string(file.Data))
		case "request.yaml":
			var r stepRequest
			if err := yaml.UnmarshalStrict(file.Data, &r); err != nil {
				t.Fatalf("%s: %v", file.Name, err)
			}
			s.requests[request] = r
		case "want":
			s.want[request] = string(file.Data)
		default:
			t.Fatalf("%s: unknown file %s", name, file.Name)
		}
	}
	if len(s.requests) == 0 || len(s.requests) != len(s.want) {
		t.Fatalf("%s: %d requests, %d answers", name, len(s.requests), len(s.want))
	}
	return s
}

// readObjects reads the documents of a YAML file.
func readObjects(t testing.TB, name string) []json.RawMessage {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var objects []json.RawMessage
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		var object json.RawMessage
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			return objects
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		objects = append(objects, object)
	}
}
