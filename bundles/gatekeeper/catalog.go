// SPDX-License-Identifier: Apache-2.0

package gatekeeper

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

const catalogFile = "catalog.yaml"

// catalog is what gator policy reads (Gatekeeper: pkg/gator/policy/catalog/types.go), as far as it is written.
type catalog struct {
	APIVersion string          `yaml:"apiVersion"`
	Kind       string          `yaml:"kind"`
	Metadata   catalogMeta     `yaml:"metadata"`
	Bundles    []catalogBundle `yaml:"bundles"`
	Policies   []catalogPolicy `yaml:"policies"`
}

type catalogMeta struct {
	Name    string `yaml:"name"`
	Version string `yaml:"version"`
}

type catalogBundle struct {
	Name        string   `yaml:"name"`
	Description string   `yaml:"description"`
	Policies    []string `yaml:"policies"`
}

type catalogPolicy struct {
	Name        string            `yaml:"name"`
	Version     string            `yaml:"version"`
	Description string            `yaml:"description"`
	Category    string            `yaml:"category"`
	Template    string            `yaml:"templatePath"`
	Constraints map[string]string `yaml:"bundleConstraints"`
	Bundles     []string          `yaml:"bundles"`
}

// What the catalog says of its bundle; and, where the template reads its grants, of what no catalog can install.
const (
	bundleDescription     = "The template and its one constraint."
	liveBundleDescription = bundleDescription + " Apply " + SyncSetFile + " before: until roles and bindings are copied, every pod is refused."
)

// newCatalog has one policy, the template, and one bundle, which brings the constraint. gator takes equal versions for equal policies: the version is that of
// the two files' bytes.
func newCatalog(template, constraint []byte, liveRBAC bool) catalog {
	sum := sha256.Sum256(slices.Concat(template, constraint))
	version, description := "v1.0.0+"+hex.EncodeToString(sum[:6]), bundleDescription
	if liveRBAC {
		description = liveBundleDescription
	}
	return catalog{
		APIVersion: "gator.gatekeeper.sh/v1alpha1", Kind: "PolicyCatalog",
		Metadata: catalogMeta{constraintName, version},
		Bundles:  []catalogBundle{{constraintName, description, []string{templateName}}},
		Policies: []catalogPolicy{{
			Name: templateName, Version: version, Description: templateDescription, Category: "pod-security",
			Template: TemplateFile, Constraints: map[string]string{constraintName: ConstraintFile}, Bundles: []string{constraintName},
		}},
	}
}
