// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/frameworks/constraint/pkg/apis"
	"github.com/open-policy-agent/frameworks/constraint/pkg/client"
	"github.com/open-policy-agent/frameworks/constraint/pkg/client/drivers/rego"
	"github.com/open-policy-agent/frameworks/constraint/pkg/core/templates"
	configv1alpha1 "github.com/open-policy-agent/gatekeeper/v3/apis/config/v1alpha1"
	syncsetv1alpha1 "github.com/open-policy-agent/gatekeeper/v3/apis/syncset/v1alpha1"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/controller/config/process"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/drivers/k8scel"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/target"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/util"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// rules are Gatekeeper's constraint client, filled, and what its webhook knows beside it.
type rules struct {
	client     *client.Client
	mutations  *mutations
	excluded   *process.Excluder
	namespaces map[string]*corev1.Namespace
	notes      []string
}

// maxName is the longest name that Gatekeeper's webhook lets one of its own objects have
// (pkg/webhook/policy.go: validateGatekeeperResources).
const maxName = 63

// newRules reads the files and fills a client with them, and with the objects of the cluster that the
// files have synced. Whatever Gatekeeper refuses is an error that names the object.
func newRules(ctx context.Context, spec *clusterSpec) (*rules, error) {
	manifests, kindless, err := readManifests(spec.Paths)
	if err != nil {
		return nil, err
	}
	r := &rules{mutations: newMutations(), excluded: process.New(), namespaces: map[string]*corev1.Namespace{}}
	if r.client, err = newClient(); err != nil {
		return nil, err
	}
	sorted := sort(manifests)
	for _, m := range sorted.templates {
		if err := r.addTemplate(ctx, m); err != nil {
			return nil, decodeFault("%s: %v", m, err)
		}
	}
	for _, m := range sorted.constraints {
		if err := r.addConstraint(ctx, m); err != nil {
			return nil, decodeFault("%s: %v", m, err)
		}
	}
	for _, m := range sorted.mutators {
		if err := r.mutations.add(m); err != nil {
			return nil, decodeFault("%s: %v", m, err)
		}
	}
	if len(sorted.constraints) == 0 {
		return nil, decodeFault("%s: no constraints, so nothing would be judged", strings.Join(spec.Paths, ", "))
	}
	synced, err := r.configure(sorted.settings)
	if err != nil {
		return nil, err
	}
	r.note(sorted.others, kindless)
	return r, r.addObjects(ctx, spec, synced)
}

// newClient is the client as Gatekeeper's main sets it up, with the flags of its stock deployment:
// CEL before Rego, data.inventory, no http.send. External data is not there.
func newClient() (*client.Client, error) {
	cel, err := k8scel.New()
	if err != nil {
		return nil, err
	}
	driver, err := rego.New(rego.Externs("inventory"), rego.DisableBuiltins("http.send"))
	if err != nil {
		return nil, err
	}
	return client.NewClient(client.Targets(&target.K8sValidationTarget{}), client.Driver(cel), client.Driver(driver),
		client.EnforcementPoints(util.AuditEnforcementPoint, util.WebhookEnforcementPoint))
}

// sortedManifests are manifests by what becomes of them.
type sortedManifests struct{ templates, constraints, mutators, settings, others []manifest }

func sort(all []manifest) sortedManifests {
	s := sortedManifests{}
	for _, m := range all {
		switch gvk := m.GroupVersionKind(); {
		case gvk.Group == "templates.gatekeeper.sh" && gvk.Kind == "ConstraintTemplate":
			s.templates = append(s.templates, m)
		case gvk.Group == "constraints.gatekeeper.sh":
			s.constraints = append(s.constraints, m)
		case isMutator(m):
			s.mutators = append(s.mutators, m)
		case gvk.Group == "config.gatekeeper.sh" && gvk.Kind == "Config", gvk.Group == "syncset.gatekeeper.sh" && gvk.Kind == "SyncSet":
			s.settings = append(s.settings, m)
		default:
			s.others = append(s.others, m)
		}
	}
	return s
}

func (r *rules) addTemplate(ctx context.Context, m manifest) error {
	template, err := toTemplate(m.Unstructured)
	if err != nil {
		return err
	}
	if len(m.GetName()) > maxName {
		return fmt.Errorf("a name of more than %d characters", maxName)
	}
	if _, err := r.client.GetTemplate(template); err == nil {
		return errors.New("appears twice")
	}
	_, err = r.client.AddTemplate(ctx, template)
	return err
}

// toTemplate converts any version that Gatekeeper serves.
func toTemplate(u *unstructured.Unstructured) (*templates.ConstraintTemplate, error) {
	scheme := runtime.NewScheme()
	if err := apis.AddToScheme(scheme); err != nil {
		return nil, err
	}
	versioned, err := scheme.New(u.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, versioned); err != nil {
		return nil, err
	}
	convertible, ok := versioned.(interface {
		ToVersionless() (*templates.ConstraintTemplate, error)
	})
	if !ok {
		return nil, fmt.Errorf("%T cannot be converted", versioned)
	}
	return convertible.ToVersionless()
}

func (r *rules) addConstraint(ctx context.Context, m manifest) error {
	if len(m.GetName()) > maxName {
		return fmt.Errorf("a name of more than %d characters", maxName)
	}
	action, _, err := unstructured.NestedString(m.Object, "spec", "enforcementAction")
	if err != nil {
		return err
	}
	if action != "" {
		if err := util.ValidateEnforcementAction(util.EnforcementAction(action), m.Object); err != nil {
			return err
		}
	}
	if _, err := r.client.GetConstraint(m.Unstructured); err == nil {
		return errors.New("appears twice")
	}
	if _, err := r.client.AddConstraint(ctx, m.Unstructured); err != nil {
		return err
	}
	refuses, err := refuses(m.Unstructured)
	if err == nil && !refuses {
		r.notes = append(r.notes, fmt.Sprintf("%s %q refuses nothing, by its enforcementAction", m.GetKind(), m.GetName()))
	}
	return err
}

// refuses says whether a violation of the constraint makes the webhook refuse.
func refuses(constraint *unstructured.Unstructured) (bool, error) {
	action, err := util.GetEnforcementAction(constraint.Object)
	if err != nil || action != util.Scoped {
		return action == util.Deny, err
	}
	actions, err := util.ScopedActionForEP(util.WebhookEnforcementPoint, constraint)
	return slices.Contains(actions, string(util.Deny)), err
}

// configure takes the namespaces that a Config excludes, and gives the kinds that Config and SyncSets
// have copied into data.inventory.
func (r *rules) configure(settings []manifest) (map[schema.GroupVersionKind]bool, error) {
	synced := map[schema.GroupVersionKind]bool{}
	for _, m := range settings {
		if m.GetKind() == "SyncSet" {
			set := syncsetv1alpha1.SyncSet{}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(m.Object, &set); err != nil {
				return nil, decodeFault("%s: %v", m, err)
			}
			for _, entry := range set.Spec.GVKs {
				synced[entry.ToGroupVersionKind()] = true
			}
			continue
		}
		config := configv1alpha1.Config{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(m.Object, &config); err != nil {
			return nil, decodeFault("%s: %v", m, err)
		}
		r.excluded.Add(config.Spec.Match)
		for _, entry := range config.Spec.Sync.SyncOnly {
			synced[entry.ToGroupVersionKind()] = true
		}
	}
	return synced, nil
}

// note tells what of the files has no say.
func (r *rules) note(others []manifest, kindless int) {
	counts := map[string]int{}
	for _, m := range others {
		counts[m.GetKind()]++
	}
	if kindless > 0 {
		counts["documents without kind"] = kindless
	}
	var parts []string
	for kind, n := range counts {
		parts = append(parts, fmt.Sprintf("%d %s", n, kind))
	}
	slices.Sort(parts)
	if len(parts) > 0 {
		r.notes = append(r.notes, "left aside, because they have no say in validation: "+strings.Join(parts, ", "))
	}
}
