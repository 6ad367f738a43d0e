// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"psp2rego/translate"
	"psp2rego/translate/manifest"
	"psp2rego/verify"
	"psp2rego/verify/protocol"
)

const mkeFolder = "../../testdata/mke"

// mkeRequest is a NAME/request.yaml of a step: who creates which pod where.
type mkeRequest struct {
	As                   string     `json:"as"`
	Groups               []string   `json:"groups"`
	Namespace            string     `json:"namespace"`
	ServiceAccountPlugin *bool      `json:"serviceAccountPlugin"`
	Pod                  corev1.Pod `json:"pod"`
}

// mkeStep is one step of the scenario: the cluster's state and what it answers.
type mkeStep struct {
	dialect  string
	cluster  *translate.Cluster
	requests map[string]mkeRequest
	want     map[string]string
}

func readMKEStep(t *testing.T, name string) *mkeStep {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	step := &mkeStep{dialect: dialectKubernetes, requests: map[string]mkeRequest{}, want: map[string]string{}}
	for _, file := range archive.Files {
		request, kind := filepath.Split(file.Name)
		switch kind {
		case "cluster":
			step.cluster = loadMKE(t, strings.Fields(string(file.Data)))
		case "dialect":
			step.dialect = strings.TrimSpace(string(file.Data))
		case "request.yaml":
			var r mkeRequest
			if err := yaml.UnmarshalStrict(file.Data, &r); err != nil {
				t.Fatalf("%s: %v", file.Name, err)
			}
			step.requests[filepath.Clean(request)] = r
		case "want":
			step.want[filepath.Clean(request)] = string(file.Data)
		default:
			t.Fatalf("%s: unknown file %s", name, file.Name)
		}
	}
	if len(step.requests) == 0 || !maps.EqualFunc(step.requests, step.want, func(mkeRequest, string) bool { return true }) {
		t.Fatalf("%s: requests %v do not match answers %v", name, slices.Collect(maps.Keys(step.requests)), slices.Collect(maps.Keys(step.want)))
	}
	return step
}

func loadMKE(t *testing.T, files []string) *translate.Cluster {
	t.Helper()
	var sources []manifest.Source
	for _, file := range files {
		sources = append(sources, manifest.Source{Name: file, FS: os.DirFS(mkeFolder), Path: file})
	}
	cluster, list, err := translate.Load(t.Context(), sources)
	if err != nil || cluster == nil {
		t.Fatalf("%v\n%s", err, list)
	}
	return cluster
}

func (r mkeRequest) request(t *testing.T, pod *corev1.Pod) protocol.Request {
	t.Helper()
	object, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	return protocol.Request{
		Operation: "CREATE", Namespace: r.Namespace, Name: pod.Name, Resource: protocol.Pods(), Kind: protocol.PodKind(),
		UserInfo: protocol.UserInfo{Username: r.As, Groups: groupsOf(r.As, r.Groups)},
		Object:   object, ServiceAccountPlugin: r.ServiceAccountPlugin,
	}
}

// TestTheBundleAnswersTheMKEScenario asks the bundle as translate writes it. The pods that are validated are the admitted
// ones, so what the API server does to a pod between the phases is left to the comparison with native below.
func TestTheBundleAnswersTheMKEScenario(t *testing.T) {
	forEachMKEStep(t, func(t *testing.T, step *mkeStep) {
		engine := mkeEngine(t, step)
		for name, r := range step.requests {
			pod := r.Pod.DeepCopy()
			pod.Namespace = r.Namespace
			defaultPod(pod)
			if r.ServiceAccountPlugin == nil || *r.ServiceAccountPlugin {
				addServiceAccount(pod)
			}
			request := r.request(t, pod)
			verdict, err := engine.Evaluate(t.Context(), verify.Mutate, &request)
			if err != nil {
				t.Fatal(err)
			}
			got := answerText(t, verdict, request.Object)
			want, _, _ := strings.Cut(step.want[name], "validate: ")
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: (-want +got)\n%s", name, d)
			}
		}
	})
}

// TestNativeAnswersTheMKEScenario asks the real admission plugin, and the bundle about the very same objects.
func TestNativeAnswersTheMKEScenario(t *testing.T) {
	native := startTestNative(t)
	forEachMKEStep(t, func(t *testing.T, step *mkeStep) {
		engine := mkeEngine(t, step)
		state := protocol.Cluster{Dialect: step.dialect, Objects: step.cluster.Objects}
		if err := native.Load(state, "cluster"); err != nil {
			t.Fatal(err)
		}
		for name, r := range step.requests {
			pod := r.Pod.DeepCopy()
			pod.Namespace = r.Namespace
			request := r.request(t, pod)
			review, err := native.Review(&request, name)
			if err != nil || review.Error != nil {
				t.Fatal(err, review)
			}
			if len(review.Created.Errors) > 0 {
				t.Errorf("%s: the pod is invalid: %v", name, review.Created.Errors)
			}
			prepared, created := *review.Request, *review.Request
			created.Object = review.Created.Object
			for side, engine := range map[string]verify.Engine{"native": native, "bundle": engine} {
				got := bothPhases(t, engine, &prepared, &created)
				if d := cmp.Diff(step.want[name], got); d != "" {
					t.Errorf("%s: %s: (-want +got)\n%s", name, side, d)
				}
			}
		}
	})
}

func bothPhases(t *testing.T, engine verify.Engine, prepared, created *protocol.Request) string {
	t.Helper()
	admit, err := engine.Evaluate(t.Context(), verify.Mutate, prepared)
	if err != nil {
		t.Fatal(err)
	}
	text := answerText(t, admit, prepared.Object)
	if !admit.Allowed {
		return text
	}
	validate, err := engine.Evaluate(t.Context(), verify.Validate, created)
	if err != nil {
		t.Fatal(err)
	}
	if !validate.Allowed {
		return text + "validate: refused: " + validate.Message + validate.Fault + "\n"
	}
	return text + "validate: " + validate.Policy + "\n"
}

// answerText is what a want file holds about the first phase: the policy and what it changes, or the refusal.
func answerText(t *testing.T, v *verify.Verdict, before json.RawMessage) string {
	t.Helper()
	if !v.Allowed {
		return "admit: refused: " + v.Message + v.Fault + "\n"
	}
	var out strings.Builder
	fmt.Fprintf(&out, "admit: %s\n", v.Policy)
	var x, y any
	if err := json.Unmarshal(before, &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(v.Object, &y); err != nil {
		t.Fatal(err)
	}
	changes(&out, "", x, y)
	return out.String()
}

// changes writes a line for each value that one of two documents lacks, and for each that differs.
func changes(out *strings.Builder, path string, x, y any) {
	if cmp.Equal(x, y) {
		return
	}
	if a, ok := x.(map[string]any); ok {
		if b, ok := y.(map[string]any); ok {
			keys := maps.Clone(a)
			maps.Copy(keys, b)
			for _, key := range slices.Sorted(maps.Keys(keys)) {
				at := strings.TrimPrefix(path+"."+key, ".")
				if strings.ContainsAny(key, "./") {
					at = fmt.Sprintf("%s[%q]", path, key)
				}
				changes(out, at, a[key], b[key])
			}
			return
		}
	}
	a, ok := x.([]any)
	b, also := y.([]any)
	if ok && also && len(a) == len(b) {
		for i := range a {
			changes(out, fmt.Sprintf("%s[%d]", path, i), a[i], b[i])
		}
		return
	}
	for i, value := range []any{x, y} {
		if value != nil {
			text, _ := json.Marshal(value)
			fmt.Fprintf(out, "  %c %s: %s\n", "-+"[i], path, text)
		}
	}
}

func forEachMKEStep(t *testing.T, check func(t *testing.T, step *mkeStep)) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(mkeFolder, "steps", "*.txtar"))
	if err != nil || len(names) < 10 {
		t.Fatalf("found %d steps: %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			check(t, readMKEStep(t, name))
		})
	}
}

func mkeEngine(t *testing.T, step *mkeStep) *verify.OPA {
	t.Helper()
	bundle, err := build(t.Context(), step.cluster, translate.Options{Dialect: step.dialect, Version: toolVersion()}, false)
	if err != nil {
		t.Fatal(err)
	}
	var tarball bytes.Buffer
	if err := bundle.WriteTarball(&tarball); err != nil {
		t.Fatal(err)
	}
	engine, err := verify.LoadBundle(t.Context(), tarball.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

// startTestNative starts the evaluator that PSP2REGO_NATIVE names; `make test` builds it and sets the variable.
func startTestNative(t *testing.T) *verify.Native {
	t.Helper()
	path := os.Getenv("PSP2REGO_NATIVE")
	if path == "" {
		t.Skip("PSP2REGO_NATIVE names no evaluator")
	}
	native, err := verify.StartNative(t.Context(), verify.NativeCommand{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = native.Close() })
	return native
}
