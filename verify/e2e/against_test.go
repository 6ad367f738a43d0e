// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"psp2rego/verify/e2e/clusters"
)

// compared is a report of no divergence and of a hundred requests or more that both sides answered.
var compared = regexp.MustCompile(`(?ms)^  mutate +[0-9]{3,} of .*^no divergence: `)

var agreed = regexp.MustCompile(`mutate +[0-9]+ of [0-9]+ agree`)

// TestVerifyAgainstBothClusters has psp2rego ask both clusters by dry runs: the old one in native's place, and the new one, given the policies, in the bundle's. Nothing is
// left behind.
func TestVerifyAgainstBothClusters(t *testing.T) {
	forJeff(t)
	policies, err := shared.old.back.Policies(within(t))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "policies.json")
	if err := os.WriteFile(file, policies, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, side := range []*side{shared.old, shared.new} {
		before := pods(t, side)
		args := []string{"verify", "--against-cluster", "--kubeconfig", side.front.Kubeconfig, "--cases", "400", "--seed", "1", "--rate", "1000", "--allow-undecided"}
		if side == shared.new {
			args = append(args, "-f", file)
		}
		out, err := exec.CommandContext(within(t), shared.programs.PSP2Rego, args...).CombinedOutput()
		if err != nil || !compared.Match(out) {
			t.Errorf("%s: %v\n%s", side.Name, err, out)
		}
		t.Logf("%s: %s", side.Name, agreed.Find(out))
		if after := pods(t, side); after != before {
			t.Errorf("%s: pods before:\n%s\nand after:\n%s", side.Name, before, after)
		}
	}
}

// pods are the names of all pods of a cluster.
func pods(t *testing.T, s *side) string {
	t.Helper()
	data, err := s.back.Must(within(t), &clusters.Call{Method: http.MethodGet, Path: "/api/v1/pods"})
	if err != nil {
		t.Fatal(err)
	}
	var list corev1.PodList
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	var names strings.Builder
	for i := range list.Items {
		fmt.Fprintln(&names, list.Items[i].Namespace, list.Items[i].Name)
	}
	return names.String()
}
