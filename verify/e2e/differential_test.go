// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"psp2rego/verify/cases"
	"psp2rego/verify/e2e/clusters"
	"psp2rego/verify/e2e/compare"
	"psp2rego/verify/live"
	"psp2rego/verify/protocol"
)

var (
	requests = flag.Int("requests", 500, "how many generated requests to compare")
	seed     = flag.Uint64("seed", 1, "of the generated requests")
)

const (
	perCluster = 50 // requests to each generated state
	workers    = 8
)

// TestGeneratedRequestsOnBothClusters puts generated requests to both clusters, in generated states, by dry runs as the users that the generator chose.
func TestGeneratedRequestsOnBothClusters(t *testing.T) {
	settings := cases.Defaults()
	settings.Updates, settings.Others, settings.MKE = 12, 0, 0 // other resources have no dry run of a pod, and 1.24 does not add Mirantis' groups
	for _, side := range []*side{shared.old, shared.new} {
		if _, err := side.judge(within(t), false); err != nil {
			t.Fatal(err)
		}
	}
	tally := &tally{counts: map[string]int{}}
	for index := 0; tally.compared < *requests; index++ {
		cluster := cases.Generate(settings, *seed, index)
		if slices.ContainsFunc(cluster.Policies, func(p *cases.Policy) bool { return p.Name() <= clusters.NewSentinel(0).Name() }) {
			tally.counts["clusters left out: a policy comes before the sentinel's"]++
			continue
		}
		refused := shared.hold(t, "kubernetes", cluster.Objects)
		tally.counts["objects that 1.24 does not take"] += len(refused)
		var batch []job
		for group := 0; len(batch) < min(perCluster, *requests-tally.compared); group++ {
			for _, c := range cluster.Group(settings, *seed, group) {
				request, reason := expressible(c.Request)
				if reason != "" {
					tally.counts["left out: "+reason]++
					continue
				}
				batch = append(batch, job{fmt.Sprintf("seed %d, cluster %d, case %d", *seed, index, c.Index), c.Index, request})
			}
		}
		tally.ask(t, batch)
	}
	for _, what := range slices.Sorted(maps.Keys(tally.counts)) {
		t.Logf("%6d %s", tally.counts[what], what)
	}
	t.Logf("%6d compared", tally.compared)
	if tally.counts["UPDATE"] == 0 {
		t.Error("no update was compared")
	}
	for _, kind := range []clusters.Kind{clusters.Admitted, clusters.Denied} {
		if tally.counts[string(kind)]*10 < tally.compared {
			t.Errorf("of %d requests only %d were %s", tally.compared, tally.counts[string(kind)], kind)
		}
	}
}

// job is one request to both clusters.
type job struct {
	name    string
	index   int
	request *protocol.Request
}

// tally counts what came of them.
type tally struct {
	sync.Mutex
	counts   map[string]int
	compared int
}

// ask has some workers put the jobs to both clusters.
func (y *tally) ask(t *testing.T, batch []job) {
	t.Helper()
	for _, side := range []*side{shared.old, shared.new} { // before any request, because policies fill in what other pods name
		for _, j := range batch {
			if err := side.account(within(t), j.request); err != nil {
				t.Fatal(err)
			}
		}
	}
	todo := make(chan job)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for j := range todo {
				y.one(t, j)
			}
		})
	}
	for _, j := range batch {
		todo <- j
	}
	close(todo)
	group.Wait()
}

func (y *tally) one(t *testing.T, j job) {
	ctx := within(t)
	var outcomes [2]*clusters.Outcome
	stored := j.request.OldObject // the new cluster has the pod as the old one stored it, as after an upgrade
	for i, side := range []*side{shared.old, shared.new} {
		var err error
		if outcomes[i], stored, err = side.dryRun(ctx, &j, stored); err != nil {
			t.Errorf("%s: %s: %v", j.name, side.Name, err)
			return
		}
		if outcomes[i] == nil {
			y.Lock()
			y.counts["left out: a pod that an API server does not store"]++
			y.Unlock()
			return
		}
	}
	before, after := outcomes[0], outcomes[1]
	y.Lock()
	defer y.Unlock()
	result, err := compare.Outcomes(before, after)
	if err != nil {
		t.Errorf("%s: %v", j.name, err)
		return
	}
	y.compared++
	y.counts[string(before.Kind)]++
	y.counts[j.request.Operation]++
	for _, name := range result.Known {
		y.counts["known: "+name]++
	}
	seen(result.Known)
	if result.Divergence != "" {
		text, _ := json.Marshal(j.request) // it was read from JSON
		t.Errorf("%s: %s\n%s", j.name, result.Divergence, text)
	}
}

// expressible gives the request as a client can make it by impersonation, or why it cannot.
func expressible(r *protocol.Request) (*protocol.Request, string) {
	switch {
	case r.Resource != protocol.Pods() || r.SubResource != "" || r.Operation != "CREATE" && r.Operation != "UPDATE":
		return nil, "not a pod's creation or update"
	case r.UserInfo.Username == "":
		return nil, "a requester without a name"
	case slices.ContainsFunc(append([]string{r.UserInfo.Username}, r.UserInfo.Groups...), func(s string) bool { return !live.Sayable(s) }):
		return nil, "a name that no header can hold"
	}
	var pod struct {
		Spec struct {
			Volumes         []struct{ Image any }
			SecurityContext struct{ SupplementalGroups *[]json.Number }
		}
	}
	if err := json.Unmarshal(r.Object, &pod); err != nil {
		return nil, "a pod that is none"
	}
	if groups := pod.Spec.SecurityContext.SupplementalGroups; groups != nil && len(*groups) == 0 {
		return nil, "an explicit empty list of supplementalGroups, which no webhook sees"
	}
	for _, v := range pod.Spec.Volumes {
		if v.Image != nil {
			return nil, "a volume source that 1.24 does not know"
		}
	}
	return r, ""
}

// dryRun asks one cluster. What an update changes is stored before, and deleted after; it is given as it was stored, and the outcome is nil if the API
// does not take it.
func (s *side) dryRun(ctx context.Context, j *job, old json.RawMessage) (*clusters.Outcome, json.RawMessage, error) {
	r := j.request
	server, err := s.judge(ctx, r.ServiceAccountPlugin == nil || *r.ServiceAccountPlugin)
	if err != nil {
		return nil, nil, err
	}
	call := &clusters.Call{
		Method: http.MethodPost, Path: clusters.PodsPath(r.Namespace), As: r.UserInfo.Username, Groups: r.UserInfo.Groups, DryRun: true, Body: r.Object,
	}
	if r.Operation == "UPDATE" {
		name := fmt.Sprintf("p-%d", j.index)
		stored, err := s.back.Do(ctx, &clusters.Call{Method: http.MethodPost, Path: call.Path, Body: renamed(old, name)})
		if err == nil && stored.Status != nil && stored.Status.Reason == metav1.StatusReasonAlreadyExists {
			err = errors.New(stored.Status.Message) // an earlier one could not be deleted
		}
		if err != nil || stored.Status != nil {
			return nil, nil, err
		}
		call.Method, call.Path, old = http.MethodPut, call.Path+"/"+name, stored.Object
		defer s.forget(ctx, call.Path)
		if call.Body, err = changed(old, renamed(r.OldObject, name), renamed(r.Object, name)); err != nil {
			return nil, nil, err
		}
	}
	answer, err := server.Do(ctx, call)
	if err != nil {
		return nil, nil, err
	}
	return new(clusters.OutcomeOf(answer)), old, nil
}

// changed makes the change from one pod to another in the pod that an API server has, as a client does that reads, edits and writes.
func changed(stored, from, to []byte) ([]byte, error) {
	var documents [3]any
	for i, data := range [][]byte{stored, from, to} {
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		if err := d.Decode(&documents[i]); err != nil {
			return nil, err
		}
	}
	return json.Marshal(edited(documents[0], documents[1], documents[2]))
}

// edited is what is stored with each value replaced that differs between from and to.
func edited(stored, from, to any) any {
	if reflect.DeepEqual(from, to) {
		return stored
	}
	switch to := to.(type) {
	case map[string]any:
		old, ok := from.(map[string]any)
		has, also := stored.(map[string]any)
		if !ok || !also {
			return to
		}
		for key, value := range to {
			has[key] = edited(has[key], old[key], value)
		}
		for key := range old {
			if _, ok := to[key]; !ok {
				delete(has, key)
			}
		}
		return has
	case []any:
		old, ok := from.([]any)
		has, also := stored.([]any)
		if !ok || !also || len(old) != len(to) || len(has) != len(to) {
			return to
		}
		for i := range to {
			has[i] = edited(has[i], old[i], to[i])
		}
		return has
	}
	return to
}

// account makes what the pod names: its namespace, service account and runtime class.
func (s *side) account(ctx context.Context, r *protocol.Request) error {
	pod := struct {
		Spec struct{ ServiceAccountName, ServiceAccount, RuntimeClassName string }
	}{}
	if err := json.Unmarshal(r.Object, &pod); err != nil {
		return err
	}
	names := []string{"default"}
	for _, name := range []string{pod.Spec.ServiceAccountName, pod.Spec.ServiceAccount} {
		if name != "" {
			names = append(names, name)
		}
	}
	if class := pod.Spec.RuntimeClassName; len(validation.IsDNS1123Subdomain(class)) == 0 && !s.made["class "+class] {
		s.made["class "+class] = true
		object := map[string]any{"metadata": map[string]any{"name": class}, "handler": "runc"}
		if err := s.back.Ensure(ctx, "/apis/node.k8s.io/v1/runtimeclasses", object); err != nil {
			return err
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return s.made[r.Namespace+"/"+name] })
	if len(names) == 0 {
		return nil
	}
	for _, name := range names {
		s.made[r.Namespace+"/"+name] = true
	}
	return s.Accounts(ctx, s.back, r.Namespace, names...)
}

// forget deletes a pod, whatever holds it.
func (s *side) forget(ctx context.Context, path string) {
	for _, call := range []clusters.Call{
		{Method: http.MethodPatch, Path: path, ContentType: "application/merge-patch+json", Body: []byte(`{"metadata":{"finalizers":null}}`)},
		{Method: http.MethodDelete, Path: path + "?gracePeriodSeconds=0"},
	} {
		_, _ = s.back.Do(ctx, &call) // the next pod of that name would tell
	}
}

// renamed is a pod under a name of its own, without what an API server says of stored ones.
func renamed(object json.RawMessage, name string) []byte {
	var pod map[string]any
	if err := json.Unmarshal(object, &pod); err != nil {
		return object
	}
	metadata, _ := pod["metadata"].(map[string]any)
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields", "generateName"} {
		delete(metadata, field)
	}
	metadata["name"] = name
	data, err := json.Marshal(pod)
	if err != nil {
		return object
	}
	return data
}
