// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"psp2rego/bundles/source"
	"psp2rego/translate"
	"psp2rego/translate/rbac"
)

const (
	pspJSON = `{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":%q,"managedFields":[{"manager":"x"}]},"spec":{` +
		`"privileged":%v,"runAsUser":{"rule":"RunAsAny"},"seLinux":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"}}}`
	roleJSON = `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"user"},"rules":[{"verbs":["use"],` +
		`"apiGroups":["policy"],"resources":["podsecuritypolicies"],"resourceNames":["a"]}]}`
	bindingJSON = `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":%q},` +
		`"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"user"},` +
		`"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":%q}]}`
)

// cluster follows an API server.
func cluster(t *testing.T, s *apiServer, policies *source.Files) (*source.Cluster, *results) {
	t.Helper()
	c := source.NewCluster(s.config(), source.ClusterOptions{Policies: policies, Quiet: 20 * time.Millisecond, Heartbeat: 100 * time.Millisecond})
	return c, run(t, func(ctx context.Context, publish func(source.Result) error) error {
		return c.Run(ctx, builder(), publish)
	})
}

// grants is whether exactly these users may use policy a.
func grants(t *testing.T, users ...string) func(source.Result) bool {
	return func(result source.Result) bool {
		if result.Bundle == nil {
			return false
		}
		for _, f := range result.Bundle.Files {
			if f.Path == "lib/psp/grants/data.json" {
				var g rbac.Grants
				if err := json.Unmarshal(f.Data, &g); err != nil {
					t.Error(err)
				}
				return slices.Equal(slices.Sorted(maps.Keys(g.Users)), users)
			}
		}
		return false
	}
}

// module is the bytes of a policy's module, which are the very same as long as nobody compiles it again.
func module(result source.Result, name string) []byte {
	for _, f := range result.Bundle.Files {
		if f.Path == "lib/psp/policies/"+name+".rego" {
			return f.Data
		}
	}
	return nil
}

func filled(t *testing.T, serves bool) *apiServer {
	t.Helper()
	s := newAPIServer(t, serves)
	s.put("clusterroles", "user", roleJSON)
	s.put("clusterrolebindings", "one", fmt.Sprintf(bindingJSON, "one", "jeff"))
	if serves {
		s.put("podsecuritypolicies", "a", fmt.Sprintf(pspJSON, "a", false))
	}
	return s
}

// TestABindingCreatedTodayCountsToday follows bindings, roles and policies as they come, change and go.
func TestABindingCreatedTodayCountsToday(t *testing.T) {
	s := filled(t, true)
	_, r := cluster(t, s, nil)
	first := r.until(grants(t, "jeff"))
	s.put("clusterrolebindings", "two", fmt.Sprintf(bindingJSON, "two", "anna"))
	second := r.until(grants(t, "anna", "jeff"))
	if before, after := module(first, "a"), module(second, "a"); &before[0] != &after[0] {
		t.Error("a binding came, and a policy was compiled again")
	}
	s.put("rolebindings", "three", strings.NewReplacer("ClusterRoleBinding", "RoleBinding", `"name":"three"`, `"name":"three","namespace":"n"`).
		Replace(fmt.Sprintf(bindingJSON, "three", "bob")))
	r.until(grants(t, "anna", "bob", "jeff"))
	s.put("clusterrolebindings", "two", fmt.Sprintf(bindingJSON, "two", "carl"))
	r.until(grants(t, "bob", "carl", "jeff"))
	s.remove("clusterrolebindings", "one")
	r.until(grants(t, "bob", "carl"))
	s.remove("clusterroles", "user")
	if result := r.until(grants(t)); len(result.Diagnostics) == 0 {
		t.Error("nothing is said of the bindings whose role is gone")
	}
	s.put("clusterroles", "user", roleJSON)
	r.until(grants(t, "bob", "carl"))

	s.put("podsecuritypolicies", "a", fmt.Sprintf(pspJSON, "a", true))
	r.until(func(result source.Result) bool {
		return result.Err == nil && bytes.Contains(module(result, "a"), []byte("# privileged: true"))
	})
	s.put("podsecuritypolicies", "b", fmt.Sprintf(pspJSON, "b", true))
	r.until(has("a", "b"))
	s.remove("podsecuritypolicies", "b")
	r.until(has("a"))
	s.remove("podsecuritypolicies", "a") // policies that are all gone are more likely on their way out than meant to refuse everything
	r.until(func(result source.Result) bool {
		return errors.Is(result.Err, translate.ErrNothing) && module(result, "a") != nil
	})
	s.put("podsecuritypolicies", "c", fmt.Sprintf(pspJSON, "c", true))
	r.until(has("c"))
}

// TestTheSameClusterHasTheSameRevision compares with another API server, whose versions of the objects are others.
func TestTheSameClusterHasTheSameRevision(t *testing.T) {
	one, other := filled(t, true), newAPIServer(t, true)
	other.put("clusterroles", "more", strings.Replace(roleJSON, `"name":"user"`, `"name":"more"`, 1))
	other.put("podsecuritypolicies", "a", fmt.Sprintf(pspJSON, "a", false))
	other.put("clusterrolebindings", "one", fmt.Sprintf(bindingJSON, "one", "jeff"))
	other.put("clusterroles", "user", roleJSON)
	_, r := cluster(t, one, nil)
	want := r.until(grants(t, "jeff"))
	_, r = cluster(t, other, nil)
	if got := r.until(grants(t, "jeff")); got.Bundle.Revision != want.Bundle.Revision {
		t.Error("another revision")
	}
}

// TestWhatTheServerSaidLastStaysWhileItIsAway has the server leave, change and come back.
func TestWhatTheServerSaidLastStaysWhileItIsAway(t *testing.T) {
	s := filled(t, true)
	c, r := cluster(t, s, nil)
	r.until(grants(t, "jeff"))
	if _, err := c.Stale(); err != nil {
		t.Error(err)
	}
	s.leave()
	for _, err := c.Stale(); err == nil; _, err = c.Stale() { // until three heartbeats are missed
		select {
		case result := <-r.ch:
			if !grants(t, "jeff")(result) {
				t.Errorf("the server is away, and something changed: %v", result)
			}
		default:
		}
	}
	if age, err := c.Stale(); age <= 300*time.Millisecond || !strings.Contains(err.Error(), "nothing was heard of the API server") {
		t.Errorf("%v, %v", age, err)
	}
	s.put("clusterrolebindings", "two", fmt.Sprintf(bindingJSON, "two", "anna"))
	s.comeBack()
	r.until(grants(t, "anna", "jeff"))
	for _, err := c.Stale(); err != nil; _, err = c.Stale() {
		continue
	}
}

// TestAServerThatIsAwayAtTheStartIsWaitedFor starts before the server.
func TestAServerThatIsAwayAtTheStartIsWaitedFor(t *testing.T) {
	s := filled(t, true)
	s.leave()
	c, r := cluster(t, s, nil)
	for _, err := c.Stale(); err == nil; _, err = c.Stale() {
		continue
	}
	s.comeBack()
	r.until(grants(t, "jeff"))
}

// TestPoliciesComeFromFilesWhereTheClusterHasNone is for Kubernetes 1.25 and newer.
func TestPoliciesComeFromFilesWhereTheClusterHasNone(t *testing.T) {
	s := filled(t, false)
	err := source.NewCluster(s.config(), source.ClusterOptions{}).Run(t.Context(), builder(), func(source.Result) error { return nil })
	if !errors.Is(err, source.ErrNoPolicyAPI) {
		t.Errorf("without files: %v", err)
	}
	name := filepath.Join(t.TempDir(), "psp.yaml")
	write(t, name, fmt.Sprintf(policy, "a"))
	_, r := cluster(t, s, &source.Files{Paths: []string{name}, Open: open, Quiet: 20 * time.Millisecond})
	r.until(grants(t, "jeff"))
	write(t, name, fmt.Sprintf(policy, "a")+"---"+fmt.Sprintf(policy, "b"))
	r.until(has("a", "b"))
	s.put("clusterrolebindings", "one", fmt.Sprintf(bindingJSON, "one", "anna"))
	r.until(grants(t, "anna"))
	write(t, name, "broken: [")
	r.until(func(result source.Result) bool { return result.Err != nil })
	s.put("clusterrolebindings", "one", fmt.Sprintf(bindingJSON, "one", "bob"))
	if result := r.until(grants(t, "bob")); result.Err == nil || module(result, "b") == nil {
		t.Errorf("a binding changed while the files are broken: %v", result.Err)
	}
	write(t, name, fmt.Sprintf(policy, "a")+"---\n"+roleJSON+"\n")
	r.until(func(result source.Result) bool {
		return result.Err != nil && strings.Contains(result.Err.Error(), "policies alone")
	})
	write(t, name, fmt.Sprintf(policy, "a"))
	r.until(grants(t, "bob"))
}
