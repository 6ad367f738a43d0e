// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"psp2rego/verify/e2e/clusters"
)

// TestWithoutOPANoPodIsAdmitted ends OPA, and then starts it again while its bundle's server is away.
func TestWithoutOPANoPodIsAdmitted(t *testing.T) {
	forJeff(t)
	jeff := dry("jeff", pod(`"name":"p"`, plainContainers))
	shared.stack.StopOPA()
	for _, user := range []string{"jeff", ""} {
		call := jeff
		call.As, call.DryRun = user, false
		answer, err := shared.new.front.Do(within(t), &call)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Status == nil || !strings.Contains(answer.Status.Message, "failed calling webhook") {
			t.Errorf("as %q: %+v", user, answer)
		}
	}
	stored, err := shared.new.back.Do(within(t), &clusters.Call{Method: http.MethodGet, Path: clusters.PodsPath("default") + "/p"})
	if err != nil || stored.Code != http.StatusNotFound {
		t.Errorf("a pod was stored: %v %+v", err, stored)
	}

	shared.stack.StopServing()
	if err := shared.stack.StartOPA(within(t)); err != nil {
		t.Fatalf("OPA does not come back with the bundle that it kept: %v", err)
	}
	both(t, jeff, expectation{kind: clusters.Admitted, policy: "unprivileged"})
	both(t, dry("nobody", jeff.Body), expectation{kind: clusters.Denied, message: nothingGranted})
	if err := shared.stack.Serve(within(t)); err != nil {
		t.Fatal(err)
	}
	forJeff(t, grant("vera", "everything", "privileged: true, volumes: ['*']")) // OPA follows again
	both(t, dry("vera", jeff.Body), expectation{kind: clusters.Admitted, policy: "everything"})
}

// rotations is how often the bundle changes under load.
const rotations = 6

// TestTheBundleChangesUnderLoad grants and takes away a policy while pods are created. No answer is an error, and each is that of a state.
func TestTheBundleChangesUnderLoad(t *testing.T) {
	forJeff(t)
	ctx, cancel := context.WithCancel(within(t))
	var load sync.WaitGroup
	defer func() { // nobody asks when the test is over
		cancel()
		load.Wait()
	}()
	var asked, admitted, refused atomic.Int64
	for range 4 {
		load.Go(func() {
			call := dry("jeff", pod(`"name":"p"`, plainContainers))
			for ctx.Err() == nil {
				answer, err := shared.new.front.Do(context.WithoutCancel(ctx), &call)
				if err != nil {
					t.Errorf("no answer: %v", err)
					return
				}
				asked.Add(1)
				switch o := clusters.OutcomeOf(answer); {
				case o.Kind == clusters.Admitted && o.Policy == "unprivileged":
					admitted.Add(1)
				case o.Kind == clusters.Denied && (o.Message == nothingGranted || o.Message == "PodSecurityPolicy: unable to validate pod: []"):
					// The policy may be taken away between the two questions.
					refused.Add(1)
				default:
					t.Errorf("an answer of no state: %+v", o)
					return
				}
			}
		})
	}
	without := append(readObjects(t, filepath.Join(scenario, "base/policies.yaml")), readObjects(t, filepath.Join(scenario, "base/roles.yaml"))...)
	with := append(without[:len(without):len(without)], readObjects(t, filepath.Join(scenario, "page/unprivileged-jeff.yaml"))...)
	for i := range rotations {
		objects, want := without, expectation{kind: clusters.Denied, message: nothingGranted}
		if i%2 == 1 {
			objects, want = with, expectation{kind: clusters.Admitted, policy: "unprivileged"}
		}
		shared.hold(t, "kubernetes", objects)
		both(t, dry("jeff", pod(`"name":"p"`, plainContainers)), want) // at once
	}
	cancel()
	load.Wait()
	t.Logf("%d answers while the bundle changed %d times: %d admitted, %d refused", asked.Load(), rotations, admitted.Load(), refused.Load())
	if admitted.Load() == 0 || refused.Load() == 0 {
		t.Error("the load did not see both states")
	}
}
