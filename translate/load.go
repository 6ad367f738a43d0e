// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"psp2rego/translate/diagnostic"
	"psp2rego/translate/manifest"
	"psp2rego/translate/psp"
	"psp2rego/translate/rbac"
)

// ErrNothing means that there is nothing to translate: the input was read, but holds no PodSecurityPolicy.
var ErrNothing = errors.New("there is nothing to translate")

// Load reads PodSecurityPolicies and RBAC objects and works out who may use which policy.
//
// The list holds everything there is to say about the input, sorted; of many findings of one code only the first are
// listed. The Cluster is nil if there is nothing to go on
// with, for one of two reasons. Either the job could not be done: the error is manifest.ErrUnreadable, ErrNothing or the
// context's, and the list says why. Or the input was read but cannot be translated: the error is nil and the list has
// errors (an unknown field, a wrong type, a duplicate object).
func Load(ctx context.Context, sources []manifest.Source) (*Cluster, diagnostic.List, error) {
	objects, diags, err := manifest.Read(ctx, sources)
	if err != nil && !errors.Is(err, manifest.ErrUnreadable) {
		return nil, diags, err
	}
	l := &loader{}
	l.objects(decodeAll(ctx, objects))
	if ctx.Err() != nil {
		return nil, diags, ctx.Err()
	}
	if err == nil && len(l.cluster.Policies) == 0 && !diags.HasErrors() && !l.diags.HasErrors() {
		l.add(nil, diagnostic.Error, diagnostic.NoPolicies, "", "there is no PodSecurityPolicy in the input",
			"a dump for psp2rego is made with: kubectl get psp,clusterroles,clusterrolebindings,roles,rolebindings -A -o json")
		err = ErrNothing
	}
	if err == nil && !diags.HasErrors() && !l.diags.HasErrors() {
		l.policies()
		l.grants()
	}
	diags = append(diags, l.diags.List()...)
	diags.Sort()
	if err != nil || diags.HasErrors() {
		return nil, diags, err
	}
	return &l.cluster, diags, nil
}

// loader puts a cluster together.
type loader struct {
	cluster Cluster
	diags   diagnostic.Collector
	rbac    rbac.Input
	index   map[id]*decoded
	repeats []*decoded
}

// id tells objects of a cluster apart. Whether a policy was written as policy/v1beta1 or extensions/v1beta1 makes no
// difference: it is one object.
type id struct{ kind, namespace, name string }

// add notes a finding about an object, or about the input as a whole if the object is nil.
func (l *loader) add(o *manifest.Object, severity diagnostic.Severity, code, field, message, hint string) {
	d := diagnostic.Diagnostic{Severity: severity, Code: code, Field: field, Message: message, Hint: hint}
	if o != nil && l.diags.Wants(code) {
		d.Pos = o.Position(field)
	}
	l.diags.Add(d)
}

// objects takes over what was decoded, in the order of the input.
func (l *loader) objects(all []decoded) {
	l.index = make(map[id]*decoded, len(all))
	sums := map[string]string{}
	for i := range all {
		d := &all[i]
		for _, m := range d.mistakes {
			l.add(d.object, m.Severity, m.Code, m.Field, m.Message, m.Hint)
		}
		if !l.identify(d) || d.value == nil {
			continue
		}
		l.take(d)
		l.cluster.Objects = append(l.cluster.Objects, d.object.JSON)
		if name := d.object.File(); sums[name] == "" {
			sums[name] = d.object.FileSHA256()
		}
	}
	l.repeated()
	for name, sum := range sums {
		l.cluster.Sources = append(l.cluster.Sources, Source{Name: name, SHA256: sum})
	}
	slices.SortFunc(l.cluster.Sources, func(a, b Source) int { return cmp.Compare(a.Name, b.Name) })
}

// policies sorts the policies as the admission plugin does and judges them.
func (l *loader) policies() {
	slices.SortFunc(l.cluster.Policies, func(a, b Policy) int { return cmp.Compare(a.Name, b.Name) })
	for i := range l.cluster.Policies {
		p := &l.cluster.Policies[i]
		if p.Name == rbac.AllPolicies {
			l.add(p.Source, diagnostic.Error, diagnostic.InvalidName, "metadata.name",
				`"*" stands for every policy and cannot be the name of one`, "no API server stores such a policy")
			continue
		}
		p.Unusable = psp.Unusable(&p.PodSecurityPolicy)
		l.judge(p)
		l.rbac.Policies = append(l.rbac.Policies, p.Name)
	}
}

// judge reports what is wrong with a policy: what the API server would refuse, and what makes the policy unusable. A rule
// that is both is reported once.
func (l *loader) judge(p *Policy) {
	const skipped = "policy %s is skipped for every pod: %s %s"
	obstacles := psp.Obstacles(&p.PodSecurityPolicy)
	for _, problem := range psp.Validate(&p.PodSecurityPolicy) {
		i := slices.IndexFunc(obstacles, func(o psp.Problem) bool {
			return problem.Field == o.Field+".rule" || problem.Field == o.Field+".ranges"
		})
		if i >= 0 {
			o := obstacles[i]
			problem.Message = fmt.Sprintf(skipped, quote(p.Name), strings.TrimPrefix(o.Field, "spec."), o.Message)
			obstacles = slices.Delete(obstacles, i, i+1)
		}
		l.add(p.Source, diagnostic.Warning, problem.Code, problem.Field, problem.Message, problem.Hint)
	}
	for _, o := range obstacles {
		message := fmt.Sprintf(skipped, quote(p.Name), strings.TrimPrefix(o.Field, "spec."), o.Message)
		l.add(p.Source, diagnostic.Warning, o.Code, o.Field, message, o.Hint)
	}
}
