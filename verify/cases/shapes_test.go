// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// shapes are what was seen of what the generators have to make.
type shapes map[string]int

// TestGeneratorsMakeEveryShape: each edge of what a policy names is put to it, and each oddity of
// pods, updates, policies and bindings that the semantics tell apart comes up.
func TestGeneratorsMakeEveryShape(t *testing.T) {
	seen := shapes{}
	for index := range 500 {
		c := Generate(Defaults(), 3, index)
		seen.cluster(t, c)
		var named []limits
		for _, p := range c.Policies {
			named = append(named, limits{ranges(p), entries(p)})
		}
		for group := range 16 {
			for _, made := range c.Group(Defaults(), 3, group) {
				r := made.Request
				if made.Kind == Other || len(r.Object) == 0 {
					continue
				}
				object := parse(t, r.Object)
				seen.pod(object)
				seen.edges(named, object)
				if r.Operation == "UPDATE" {
					seen.update(object, parse(t, r.OldObject))
				}
			}
		}
	}
	for _, name := range wanted() {
		if seen[name] == 0 {
			t.Errorf("never made: %s", name)
		}
	}
}

func wanted() []string {
	var all []string
	for _, field := range []string{"fsGroup", "supplementalGroups", "runAsUser", "runAsGroup", "hostPorts"} {
		for _, edge := range []string{"min-1", "min", "max", "max+1", "unset"} {
			all = append(all, field+" "+edge)
		}
	}
	for _, field := range []string{
		"capabilities", "sysctls", "hostPath", "flexVolume", "csi", "runtimeClass", "seccomp", "appArmor", "seLinux level",
	} {
		for _, edge := range []string{"itself", "with one more character", "with one less", "in another case", "empty", "unset"} {
			all = append(all, field+" "+edge)
		}
	}
	for _, field := range []string{"capabilities", "sysctls", "flexVolume", "csi", "runtimeClass", "seccomp", "appArmor"} {
		all = append(all, field+" wildcard")
	}
	for n := range Defaults().MaxPolicies + 1 {
		all = append(all, fmt.Sprintf("%d policies", n))
	}
	for _, kind := range volumeTypes() {
		all = append(all, "volume "+field(kind))
	}
	return slices.Concat(all, []string{
		"a name that starts another", "only unusable policies", "an unusable policy among others", "null list in a policy",
		"capability twice", "supplementalGroups empty", "sysctl twice", "seLinux categories reordered", "volume without source",
		"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "v1beta1 RBAC", "v1alpha1 RBAC", "user * of v1alpha1",
		"extensions/v1beta1", "aggregation", "aggregation that collects itself", "missing role", "unknown roleRef kind",
		"ClusterRoleBinding to Role", "RoleBinding to Role", "RoleBinding to ClusterRole", "RoleBinding to cluster-admin",
		"Role and ClusterRole of one name", "foreign roleRef.apiGroup", "binding without subjects",
		"subject without apiGroup", "subject of foreign apiGroup", "unknown subject kind", "account of no namespace in RoleBinding",
		"account of no namespace in ClusterRoleBinding", "account spelled as user", "system:masters", "resourceNames *",
		"subresource in a rule", "core group in a rule", "nonResourceURLs", "verb *", "group extensions",
		"securityContext null", "securityContext empty", "container securityContext null", "container securityContext empty",
		"unknown annotation", "ephemeral container", "mirror pod", "generateName alone", "deprecated account alone",
		"update of nothing", "update of ownerReferences", "update of finalizers", "update of managedFields", "update of selfLink",
		"update of all that garbage collection writes", "update of labels", "update of annotations", "update of the image",
		"update of the status", "update that leaves resourceVersion out", "update of a pod being deleted",
		"update that adds an ephemeral container", "update of garbage collection's fields and more",
	})
}

func parse(t *testing.T, data json.RawMessage) Object {
	t.Helper()
	o := Object{}
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func (s shapes) note(name string, happens bool) {
	if happens {
		s[name]++
	}
}

func at(o Object, path ...string) any {
	var value any = o
	for _, key := range path {
		member, ok := value.(Object)
		if !ok {
			return nil
		}
		value = member[key]
	}
	return value
}

func (s shapes) pod(o Object) {
	p := pod{o}
	sc, has := at(o, "spec").(Object)["securityContext"]
	s.note("securityContext null", has && sc == nil)
	s.note("securityContext empty", has && sc != nil && len(sc.(Object)) == 0)
	annotations, _ := at(o, "metadata", "annotations").(Object)
	_, mirror := annotations[mirrorAnnotation]
	s.note("mirror pod", mirror && at(o, "spec", "serviceAccountName") == nil)
	for key := range annotations {
		s.note("unknown annotation", strings.HasPrefix(key, "a/b") || strings.HasPrefix(key, "example.com/"))
	}
	s.note("generateName alone", at(o, "metadata", "generateName") != nil && at(o, "metadata", "name") == nil)
	s.note("deprecated account alone", at(o, "spec", "serviceAccount") != nil && at(o, "spec", "serviceAccountName") == nil)
	for _, c := range p.containers() {
		s.note("ephemeral container", c.list == "ephemeralContainers")
		sc, has := c.Object["securityContext"]
		s.note("container securityContext null", has && sc == nil)
		s.note("container securityContext empty", has && sc != nil && len(sc.(Object)) == 0)
	}
	volumes, _ := at(o, "spec", "volumes").([]any)
	for _, v := range volumes {
		for key := range v.(Object) {
			s.note("volume "+key, key != "name")
		}
		s.note("volume without source", len(v.(Object)) == 1)
	}
}

// update notes the member of metadata, or of the pod, that alone was changed.
func (s shapes) update(changed, old Object) {
	differing := map[string]bool{}
	for _, part := range []string{"metadata", "spec", "status"} {
		a, _ := changed[part].(Object)
		b, _ := old[part].(Object)
		for key := range maps.Keys(mergedKeys(a, b)) {
			if fmt.Sprint(a[key]) != fmt.Sprint(b[key]) {
				differing[part+"."+key] = true
			}
		}
	}
	names := slices.Sorted(maps.Keys(differing))
	collected := []string{"metadata.finalizers", "metadata.managedFields", "metadata.ownerReferences", "metadata.selfLink"}
	s.note("update of nothing", len(names) == 0)
	s.note("update of all that garbage collection writes", slices.Equal(names, collected))
	s.note("update of garbage collection's fields and more", differing["metadata.finalizers"] && differing["metadata.labels"])
	s.note("update that leaves resourceVersion out", at(changed, "metadata", "resourceVersion") == nil)
	s.note("update of a pod being deleted", at(old, "metadata", "deletionTimestamp") != nil)
	count := func(o Object) int { list, _ := at(o, "spec", "ephemeralContainers").([]any); return len(list) }
	s.note("update that adds an ephemeral container", count(changed) > count(old))
	if len(names) == 1 {
		s["update of "+strings.TrimPrefix(names[0], "metadata.")]++
		s.note("update of the status", strings.HasPrefix(names[0], "status."))
		s.note("update of the image", names[0] == "spec.containers" && image(changed) != image(old))
	}
}

func mergedKeys(a, b Object) Object {
	all := maps.Clone(a)
	if all == nil {
		all = Object{}
	}
	maps.Copy(all, b)
	return all
}

func image(o Object) any { return pod{o}.containers()[0].Object["image"] }
