// SPDX-License-Identifier: Apache-2.0

package gatekeeper

import (
	"fmt"
	"strings"
)

const (
	// SyncSetFile holds the SyncSet, which has Gatekeeper copy roles and bindings to data.inventory.
	SyncSetFile = "syncset.yaml"

	syncSetName = "podsecuritypolicies"
	// liveGrants is the module that reads grants from data.inventory.
	liveGrants  = "gatekeeper/lib/psp/grants/grants.rego"
	rbacGroup   = "rbac.authorization.k8s.io"
	rbacVersion = "v1"

	// requiresSync is the annotation of a template by which `gator sync test` and people know what has to be synced.
	requiresSync = "metadata.gatekeeper.sh/requires-sync-data"
)

// syncedKinds are what the grants are read from.
func syncedKinds() []string {
	return []string{"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}
}

// syncSet is a SyncSet (gatekeeper: apis/syncset/v1alpha1).
type syncSet struct {
	head `yaml:",inline"`
	Spec struct {
		GVKs []syncedKind `yaml:"gvks"`
	} `yaml:"spec"`
}

type syncedKind struct {
	Group   string `yaml:"group"`
	Version string `yaml:"version"`
	Kind    string `yaml:"kind"`
}

func newSyncSet() syncSet {
	s := syncSet{head: head{"syncset.gatekeeper.sh/v1alpha1", "SyncSet", meta{Name: syncSetName}}}
	for _, kind := range syncedKinds() {
		s.Spec.GVKs = append(s.Spec.GVKs, syncedKind{rbacGroup, rbacVersion, kind})
	}
	return s
}

// syncRequirement is the value of the annotation: a list of what is needed, each of which is a list of alternatives. Gatekeeper wants the
// JSON between quotes that are part of the value (pkg/cachemanager/parser/syncannotationreader.go).
func syncRequirement() string {
	var needed []string
	for _, kind := range syncedKinds() {
		needed = append(needed, fmt.Sprintf(`[{"groups":[%q],"versions":[%q],"kinds":[%q]}]`, rbacGroup, rbacVersion, kind))
	}
	return fmt.Sprintf("\"[%s]\"\n", strings.Join(needed, ","))
}
