// SPDX-License-Identifier: Apache-2.0

package gatekeeper

import (
	"fmt"
	"strings"

	"psp2rego/translate"
)

type meta struct {
	Name        string            `yaml:"name"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

type head struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   meta   `yaml:"metadata"`
}

// template is a ConstraintTemplate (frameworks/constraint: pkg/apis/templates/v1), as far as it is written.
type template struct {
	head `yaml:",inline"`
	Spec struct {
		CRD struct {
			Spec struct {
				Names struct {
					Kind string `yaml:"kind"`
				} `yaml:"names"`
				Validation struct {
					Schema struct {
						Type string `yaml:"type"`
					} `yaml:"openAPIV3Schema"`
				} `yaml:"validation"`
			} `yaml:"spec"`
		} `yaml:"crd"`
		Targets []templateTarget `yaml:"targets"`
	} `yaml:"spec"`
}

// templateTarget has its modules in Code or, in the Rego before v1, in itself.
type templateTarget struct {
	Target string         `yaml:"target"`
	Code   []templateCode `yaml:"code,omitempty"`
	Rego   string         `yaml:"rego,omitempty"`
	Libs   []string       `yaml:"libs,omitempty"`
}

type templateCode struct {
	Engine string `yaml:"engine"`
	Source struct {
		Version string   `yaml:"version"`
		Rego    string   `yaml:"rego"`
		Libs    []string `yaml:"libs"`
	} `yaml:"source"`
}

const templateDescription = "Decides pods as the PodSecurityPolicies do that this was translated from, for those whom RBAC lets use them."

func newTemplate(main string, modules []translate.File, v0 bool) template {
	t := template{head: head{"templates.gatekeeper.sh/v1", "ConstraintTemplate", meta{
		Name:        templateName,
		Annotations: map[string]string{"description": templateDescription},
	}}}
	t.Spec.CRD.Spec.Names.Kind = kind
	t.Spec.CRD.Spec.Validation.Schema.Type = "object"
	libs := make([]string, len(modules))
	for i, m := range modules {
		libs[i] = string(m.Data)
	}
	only := templateTarget{Target: target}
	if v0 {
		only.Rego, only.Libs = main, libs
	} else {
		code := templateCode{Engine: "Rego"}
		code.Source.Version, code.Source.Rego, code.Source.Libs = "v1", main, libs
		only.Code = []templateCode{code}
	}
	t.Spec.Targets = []templateTarget{only}
	return t
}

// constraint is the one of the template. What it matches, beside the kind, is for whoever owns it.
type constraint struct {
	head `yaml:",inline"`
	Spec struct {
		Action string         `yaml:"enforcementAction"`
		Scoped []scopedAction `yaml:"scopedEnforcementActions,omitempty"`
		Match  struct {
			Kinds []matchedKinds `yaml:"kinds"`
		} `yaml:"match"`
	} `yaml:"spec"`
}

type scopedAction struct {
	Action string  `yaml:"action"`
	Points []point `yaml:"enforcementPoints"`
}

type point struct {
	Name string `yaml:"name"`
}

type matchedKinds struct {
	Groups []string `yaml:"apiGroups"`
	Kinds  []string `yaml:"kinds"`
}

func newConstraint(action string) (constraint, error) {
	c := constraint{head: head{"constraints.gatekeeper.sh/v1beta1", kind, meta{Name: constraintName}}}
	switch action {
	case "":
		action = Deny
	case Deny, DryRun, Warn:
	case Scoped:
		c.Spec.Scoped = []scopedAction{{Deny, []point{{"validation.gatekeeper.sh"}, {"gator.gatekeeper.sh"}}}}
	default:
		return c, fmt.Errorf("unknown enforcement action %q: choose %s", action, strings.Join(EnforcementActions(), ", "))
	}
	c.Spec.Action = action
	c.Spec.Match.Kinds = []matchedKinds{{[]string{""}, []string{"Pod"}}}
	return c, nil
}

// expansion is an ExpansionTemplate: it has Gatekeeper judge the pod that a workload would make, too.
type expansion struct {
	head `yaml:",inline"`
	Spec struct {
		ApplyTo   []expanded   `yaml:"applyTo"`
		Source    string       `yaml:"templateSource"`
		Action    string       `yaml:"enforcementAction"`
		Generated generatedGVK `yaml:"generatedGVK"`
	} `yaml:"spec"`
}

type expanded struct {
	Groups   []string `yaml:"groups"`
	Versions []string `yaml:"versions"`
	Kinds    []string `yaml:"kinds"`
}

type generatedGVK struct {
	Group   string `yaml:"group"`
	Version string `yaml:"version"`
	Kind    string `yaml:"kind"`
}

// expansions warn, whatever the constraint does: PodSecurityPolicy never judged workloads. A CronJob makes a Job, and that a pod.
func expansions() []any {
	var all []any
	for _, e := range []struct {
		group, kind, source string
		generated           generatedGVK
	}{
		{"apps", "DaemonSet", "spec.template", generatedGVK{"", "v1", "Pod"}},
		{"apps", "Deployment", "spec.template", generatedGVK{"", "v1", "Pod"}},
		{"apps", "ReplicaSet", "spec.template", generatedGVK{"", "v1", "Pod"}},
		{"apps", "StatefulSet", "spec.template", generatedGVK{"", "v1", "Pod"}},
		{"batch", "CronJob", "spec.jobTemplate", generatedGVK{"batch", "v1", "Job"}},
		{"batch", "Job", "spec.template", generatedGVK{"", "v1", "Pod"}},
	} {
		x := expansion{head: head{"expansion.gatekeeper.sh/v1beta1", "ExpansionTemplate", meta{Name: constraintName + "-" + strings.ToLower(e.kind)}}}
		x.Spec.ApplyTo = []expanded{{[]string{e.group}, []string{"v1"}, []string{e.kind}}}
		x.Spec.Source, x.Spec.Action, x.Spec.Generated = e.source, Warn, e.generated
		all = append(all, x)
	}
	return all
}

type kustomization struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Resources  []string `yaml:"resources"`
}

func newKustomization(resources []string) kustomization {
	return kustomization{"kustomize.config.k8s.io/v1beta1", "Kustomization", resources}
}
