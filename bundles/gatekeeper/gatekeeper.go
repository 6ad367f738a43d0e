// SPDX-License-Identifier: Apache-2.0

// Package gatekeeper writes what a cluster's policies come to in Gatekeeper: one ConstraintTemplate that holds the Rego library, the
// policies and the grants, one constraint, mutators where they are exact, and ExpansionTemplates, as a folder with a manifest that names every file's digest.
package gatekeeper

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"go.yaml.in/yaml/v3"
	sigs "sigs.k8s.io/yaml"

	"psp2rego/bundles/opa"
	"psp2rego/translate"
)

//go:embed owner.md
var ownerReadme []byte

// What the README says of grants that were written down, and of grants that are read.
//
//go:embed owner_snapshot.md
var ownerSnapshot []byte

//go:embed owner_live.md
var ownerLive []byte

// Names of the files and objects that are written.
const (
	// TemplateFile holds the ConstraintTemplate, and ConstraintFile the constraint, which is of the template's kind.
	TemplateFile   = "template.yaml"
	ConstraintFile = "constraint.yaml"
	expansionFile  = "expansion.yaml"
	kustomizeFile  = "kustomization.yaml"
	readmeFile     = "README.md"

	kind           = "PodSecurityPolicySet"
	templateName   = "podsecuritypolicyset" // Gatekeeper demands the kind in lower case
	constraintName = "podsecuritypolicies"
	target         = "admission.k8s.gatekeeper.sh"
)

// The enforcement actions of a constraint.
const (
	// Deny refuses pods, and has the audit report those that are there. It is meant by the empty action, too.
	Deny = "deny"
	// DryRun reports in the audit alone, and Warn tells whoever creates the pod, too.
	DryRun = "dryrun"
	Warn   = "warn"
	// Scoped is Deny in the webhook and in gator, and leaves the audit out, which does not know who created a pod.
	Scoped = "scoped"
)

// EnforcementActions are all enforcement actions, the default first.
func EnforcementActions() []string { return []string{Deny, DryRun, Warn, Scoped} }

// MaxTemplate is how large a template may be, in bytes of JSON: etcd takes requests of at most 1.5 MiB (--max-request-bytes), and an API server
// adds managedFields and whatever labels and annotations a cluster's tools give each object.
const MaxTemplate = 1536<<10 - 64<<10

// ErrTooLarge is wrapped by the error of Build for policies and grants that no API server would store as one template.
var ErrTooLarge = errors.New("larger than etcd stores")

// Options are what Build needs besides the policies. The zero value denies, in Rego v1.
type Options struct {
	EnforcementAction string // one of EnforcementActions
	// RegoV0 writes modules that Gatekeeper before 3.19 takes, which knows no Rego v1.
	RegoV0 bool
	// Suite is what gator verify is to ask; none writes no suite.
	Suite []Case
	// LiveRBAC has the template read roles and bindings from data.inventory, and writes the SyncSet that fills it. The grants of
	// what was translated are not written then.
	LiveRBAC bool
	// Mutations are what the policies fill in, and where Gatekeeper's mutators do it (see Mutations). None writes no mutators.
	Mutations []Mutation
}

// document is a file of objects.
type document struct {
	path    string
	objects []any
}

// Build puts the modules of library, the template's own module entry and the generated files of out into the objects that Gatekeeper
// needs. Two builds from equal arguments are equal byte for byte. The error wraps ErrTooLarge if the template is larger than MaxTemplate;
// names that Kubernetes or Gatekeeper would refuse, and two objects of one name, are an error, too.
func Build(library, entry fs.FS, out *translate.Output, meta opa.Meta, options Options) (*opa.Bundle, error) {
	main, modules, err := modulesFor(library, entry, out, options)
	if err != nil {
		return nil, err
	}
	object, readme := newTemplate(string(main), modules, options.RegoV0), ownerSnapshot
	if options.LiveRBAC {
		object.Metadata.Annotations[requiresSync], readme = syncRequirement(), ownerLive
	}
	template, err := encode(object)
	if err != nil {
		return nil, err
	}
	if err := checkSize(template, modules, options.LiveRBAC); err != nil {
		return nil, err
	}
	constraint, err := newConstraint(options.EnforcementAction)
	if err != nil {
		return nil, err
	}
	others := []document{{ConstraintFile, []any{constraint}}, {expansionFile, expansions()}}
	if options.LiveRBAC {
		others = append(others, document{SyncSetFile, []any{newSyncSet()}})
	}
	if mutators := newMutators(options.Mutations); len(mutators) > 0 {
		others = append(others, document{MutatorsFile, mutators})
	}
	objects := []translate.File{{Path: TemplateFile, Data: template}}
	for _, f := range others {
		data, err := encode(f.objects...)
		if err != nil {
			return nil, err
		}
		objects = append(objects, translate.File{Path: f.path, Data: data})
	}
	if err := checkObjects(objects); err != nil {
		return nil, err
	}
	files, err := around(objects, slices.Concat(ownerReadme, readme), options)
	if err != nil {
		return nil, err
	}
	return opa.Pack(files, out.Sources, meta)
}

// modulesFor are the template's own module and those that it imports, in the Rego that was asked for.
func modulesFor(library, entry fs.FS, out *translate.Output, options Options) (main []byte, modules []translate.File, err error) {
	var reader []byte // of grants
	if options.LiveRBAC {
		if reader, err = readModule(entry, liveGrants); err != nil {
			return nil, nil, err
		}
	}
	if modules, err = collect(library, out, reader); err != nil {
		return nil, nil, err
	}
	if main, err = readModule(entry, entryModule); err != nil {
		return nil, nil, err
	}
	if options.RegoV0 {
		if main, err = asV0(main); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", entryModule, err)
		}
		for i := range modules {
			if modules[i].Data, err = asV0(modules[i].Data); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", modules[i].Path, err)
			}
		}
	}
	return main, modules, nil
}

// around adds what is not for a cluster: how to apply, install and test the objects, of which the first are the template and the constraint.
func around(objects []translate.File, readme []byte, options Options) ([]translate.File, error) {
	files, err := newSuite(options.Suite)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range objects {
		names = append(names, f.Path)
	}
	catalog := newCatalog(objects[0].Data, objects[1].Data, options.LiveRBAC)
	for name, object := range map[string]any{kustomizeFile: newKustomization(names), catalogFile: catalog} {
		data, err := encode(object)
		if err != nil {
			return nil, err
		}
		files = append(files, translate.File{Path: name, Data: data})
	}
	return append(append(files, translate.File{Path: readmeFile, Data: readme}), objects...), nil
}

// encode writes objects as YAML documents, and texts of several lines as blocks, where a block can hold them.
func encode(objects ...any) ([]byte, error) {
	var buf bytes.Buffer
	encoder := yaml.NewEncoder(&buf)
	encoder.SetIndent(2)
	for _, object := range objects {
		if err := encoder.Encode(object); err != nil {
			return nil, fmt.Errorf("write YAML: %w", err)
		}
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return buf.Bytes(), nil
}

// checkSize refuses a template that no API server would store, and says what can make it smaller: of one that reads its grants, the policies alone. What is
// stored is JSON, in the form that Go writes by default.
func checkSize(template []byte, modules []translate.File, liveRBAC bool) error {
	var object any
	if err := sigs.Unmarshal(template, &object); err != nil {
		return fmt.Errorf("read %s: %w", TemplateFile, err)
	}
	stored, err := json.Marshal(object)
	if err != nil || len(stored) <= MaxTemplate {
		return err
	}
	grants, policies := 0, 0
	for _, f := range modules {
		switch {
		case f.Path == grantsModule:
			grants = len(f.Data)
		case isPolicy(f.Path):
			policies += len(f.Data)
		}
	}
	if liveRBAC {
		return fmt.Errorf("the template takes %d bytes, %w: at most %d (the policies are %d). Delete policies that nobody uses, "+
			"or give OPA a bundle (--target opa), which has no such limit", len(stored), ErrTooLarge, MaxTemplate, policies)
	}
	return fmt.Errorf("the template takes %d bytes, %w: at most %d (the grants are %d bytes, the policies %d). Bind policies to groups "+
		"instead of single users and service accounts, delete policies that nobody uses, have grants read from the cluster (--rbac live), or give OPA a bundle (--target opa), which has no such limit",
		len(stored), ErrTooLarge, MaxTemplate, grants, policies)
}
