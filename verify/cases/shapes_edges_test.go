// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// cluster notes the shapes of policies, roles and bindings.
func (s shapes) cluster(t *testing.T, c *Cluster) {
	t.Helper()
	unusable := 0
	for _, p := range c.Policies {
		for _, q := range c.Policies {
			s.note("a name that starts another", p != q && strings.HasPrefix(p.Name(), q.Name()))
		}
		if isUnusable(p) {
			unusable++
		}
	}
	s.note(fmt.Sprintf("%d policies", len(c.Policies)), true)
	s.note("only unusable policies", unusable > 0 && unusable == len(c.Policies))
	s.note("an unusable policy among others", unusable > 0 && unusable < len(c.Policies))
	roles := map[string]bool{}
	var bindings []Object
	for _, data := range c.Objects {
		o := parse(t, data)
		kind, _ := o["kind"].(string)
		version, _ := o["apiVersion"].(string)
		s[kind]++
		s.note(version, true)
		if _, of, ok := strings.Cut(version, rbacGroup+"/"); ok {
			s[of+" RBAC"]++
		}
		switch {
		case kind == "PodSecurityPolicy":
			for _, key := range optionalLists() {
				list, has := at(o, "spec").(Object)[key]
				s.note("null list in a policy", has && list == nil)
			}
		case strings.HasSuffix(kind, "Binding"):
			bindings = append(bindings, o)
		default:
			roles[key(kind, at(o, "metadata", "namespace"), at(o, "metadata", "name"))] = true
			s.role(o)
		}
	}
	for _, b := range bindings {
		s.binding(b, roles)
	}
}

func key(parts ...any) string {
	var texts []string
	for _, part := range parts {
		text, _ := part.(string)
		texts = append(texts, text)
	}
	return strings.Join(texts, "/")
}

func isUnusable(p *Policy) bool {
	rules := []string{"MustRunAs", "MayRunAs", "RunAsAny"}
	bad := func(s IDStrategy) bool {
		return !slices.Contains(rules, s.Rule) || s.Rule != "RunAsAny" && len(s.Ranges) == 0
	}
	return bad(p.Spec.FSGroup) || bad(p.Spec.SupplementalGroups) || p.Spec.RunAsGroup != nil && bad(*p.Spec.RunAsGroup) ||
		p.Spec.RunAsUser.Rule != "MustRunAsNonRoot" && bad(p.Spec.RunAsUser) ||
		p.Spec.SELinux.Rule != "RunAsAny" && (p.Spec.SELinux.Rule != "MustRunAs" || p.Spec.SELinux.Options == nil)
}

func (s shapes) role(o Object) {
	if rule, ok := o["aggregationRule"].(Object); ok {
		s["aggregation"]++
		labels, _ := at(o, "metadata", "labels").(Object)
		for label := range labels {
			s.note("aggregation that collects itself", strings.Contains(fmt.Sprint(rule), label))
		}
	}
	rules, _ := o["rules"].([]any)
	for _, item := range rules {
		r := item.(Object)
		list := func(field string) string { return fmt.Sprint(r[field]) }
		s.note("resourceNames *", list("resourceNames") == "[*]")
		s.note("subresource in a rule", strings.Contains(list("resources"), "podsecuritypolicies/"))
		s.note("core group in a rule", strings.HasPrefix(list("apiGroups"), "[ "))
		s.note("group extensions", list("apiGroups") == "[extensions]")
		s.note("nonResourceURLs", r["nonResourceURLs"] != nil)
		s.note("verb *", list("verbs") == "[*]")
	}
}

func (s shapes) binding(o Object, roles map[string]bool) {
	kind, _ := o["kind"].(string)
	version, _ := o["apiVersion"].(string)
	namespace := at(o, "metadata", "namespace")
	ref, _ := o["roleRef"].(Object)
	name := ref["name"]
	s.note(fmt.Sprintf("%s to %v", kind, ref["kind"]), true)
	s.note("RoleBinding to cluster-admin", kind == "RoleBinding" && name == "cluster-admin")
	s.note("unknown roleRef kind", ref["kind"] != "Role" && ref["kind"] != "ClusterRole")
	s.note("missing role", name == "missing" && ref["kind"] == "ClusterRole")
	s.note("foreign roleRef.apiGroup", ref["apiGroup"] != rbacGroup)
	s.note("Role and ClusterRole of one name", kind == "RoleBinding" && roles[key("Role", namespace, name)] && roles[key("ClusterRole", "", name)])
	subjects, _ := o["subjects"].([]any)
	s.note("binding without subjects", len(subjects) == 0)
	for _, item := range subjects {
		subject := item.(Object)
		group, has := subject["apiGroup"]
		s.note("subject without apiGroup", !has && subject["kind"] == "User" && !strings.HasSuffix(version, "v1alpha1"))
		s.note("subject of foreign apiGroup", has && group != rbacGroup)
		s.note("unknown subject kind", subject["kind"] == "Robot" || subject["kind"] == "user")
		s.note("account of no namespace in "+kind, subject["kind"] == "ServiceAccount" && subject["namespace"] == nil)
		s.note("account spelled as user", subject["kind"] == "User" && strings.HasPrefix(fmt.Sprint(subject["name"]), accountPrefix))
		s.note("system:masters", subject["name"] == "system:masters")
		s.note("user * of v1alpha1", subject["kind"] == "User" && subject["name"] == "*" && strings.HasSuffix(version, "v1alpha1"))
	}
}

// edges notes where the pod's values lie, seen from what the policies name.
func (s shapes) edges(named []limits, o Object) {
	for field, got := range numbers(o) {
		s.note(field+" unset", len(got) == 0)
		for _, p := range named {
			for _, r := range p.ranges[field] {
				s.between(field, r, got)
			}
		}
	}
	if groups, ok := at(o, "spec", "securityContext", "supplementalGroups").([]any); ok {
		s.note("supplementalGroups empty", len(groups) == 0)
	}
	got := texts(o)
	s.note("capability twice", doubled(got["capabilities"]))
	s.note("sysctl twice", doubled(got["sysctls"]))
	for field, values := range got {
		s.note(field+" unset", len(values) == 0)
		s.note(field+" empty", slices.Contains(values, ""))
		s.note(field+" wildcard", slices.Contains(values, "*"))
		for _, p := range named {
			for _, entry := range p.entries[field] {
				s.near(field, entry, values)
			}
		}
	}
}

// limits are what a policy names.
type limits struct {
	ranges  map[string][]Range
	entries map[string][]string
}

func (s shapes) between(field string, r Range, got []float64) {
	for _, value := range got {
		if r.Min < r.Max {
			s.note(field+" min-1", value == float64(r.Min-1))
			s.note(field+" min", value == float64(r.Min))
			s.note(field+" max", value == float64(r.Max))
			s.note(field+" max+1", value == float64(r.Max+1))
		}
	}
}

func (s shapes) near(field, entry string, values []string) {
	entry = strings.TrimSuffix(entry, "*")
	if len(entry) < 3 {
		return
	}
	for _, v := range values {
		s.note(field+" itself", v == entry)
		s.note(field+" with one more character", len(v) == len(entry)+1 && strings.HasPrefix(v, entry))
		s.note(field+" with one less", v == entry[:len(entry)-1])
		s.note(field+" in another case", v != entry && strings.EqualFold(v, entry))
		s.note("seLinux categories reordered", field == "seLinux level" && v != entry && letters(v) == letters(entry))
	}
}

func letters(text string) string {
	all := []byte(text)
	slices.Sort(all)
	return string(all)
}

func doubled(values []string) bool {
	sorted := slices.Sorted(slices.Values(values))
	return len(slices.Compact(sorted)) < len(values)
}

func numbers(o Object) map[string][]float64 {
	all := map[string][]float64{"fsGroup": nil, "supplementalGroups": nil, "runAsUser": nil, "runAsGroup": nil, "hostPorts": nil}
	add := func(field string, values ...any) {
		for _, v := range values {
			if n, ok := v.(float64); ok {
				all[field] = append(all[field], n)
			}
		}
	}
	add("fsGroup", at(o, "spec", "securityContext", "fsGroup"))
	groups, _ := at(o, "spec", "securityContext", "supplementalGroups").([]any)
	add("supplementalGroups", groups...)
	for _, sc := range securityContexts(pod{o}) {
		add("runAsUser", sc["runAsUser"])
		add("runAsGroup", sc["runAsGroup"])
	}
	for _, c := range (pod{o}).containers() {
		ports, _ := c.Object["ports"].([]any)
		for _, port := range ports {
			add("hostPorts", port.(Object)["hostPort"])
		}
	}
	return all
}

func ranges(p *Policy) map[string][]Range {
	return map[string][]Range{
		"fsGroup": p.Spec.FSGroup.Ranges, "supplementalGroups": p.Spec.SupplementalGroups.Ranges,
		"runAsUser": p.Spec.RunAsUser.Ranges, "runAsGroup": groupStrategy(p).Ranges, "hostPorts": p.Spec.HostPorts,
	}
}

func texts(o Object) map[string][]string {
	all := map[string][]string{
		"capabilities": nil, "sysctls": nil, "hostPath": nil, "flexVolume": nil, "csi": nil, "runtimeClass": nil,
		"seccomp": nil, "appArmor": nil, "seLinux level": nil,
	}
	add := func(field string, values ...any) {
		for _, v := range values {
			if text, ok := v.(string); ok {
				all[field] = append(all[field], text)
			}
		}
	}
	add("runtimeClass", at(o, "spec", "runtimeClassName"))
	list, _ := at(o, "spec", "securityContext", "sysctls").([]any)
	for _, item := range list {
		add("sysctls", at(item.(Object), "name"))
	}
	for _, sc := range securityContexts(pod{o}) {
		adds, _ := at(sc, "capabilities", "add").([]any)
		add("capabilities", adds...)
		if options, ok := sc["seLinuxOptions"].(Object); ok {
			level, _ := options["level"].(string)
			add("seLinux level", level)
		}
	}
	volumes, _ := at(o, "spec", "volumes").([]any)
	for _, v := range volumes {
		add("hostPath", at(v.(Object), "hostPath", "path"))
		add("flexVolume", at(v.(Object), "flexVolume", "driver"))
		add("csi", at(v.(Object), "csi", "driver"))
	}
	annotations, _ := at(o, "metadata", "annotations").(Object)
	for name, value := range annotations {
		switch {
		case name == seccompPod || strings.HasPrefix(name, seccompContainer):
			add("seccomp", value)
		case strings.HasPrefix(name, appArmorContainer):
			add("appArmor", value)
		}
	}
	return all
}

func entries(p *Policy) map[string][]string {
	all := map[string][]string{
		"capabilities": slices.Concat(p.Spec.AllowedCapabilities, p.Spec.DefaultAddCapabilities),
		"sysctls":      slices.Concat(p.Spec.AllowedUnsafeSysctls, p.Spec.ForbiddenSysctls),
	}
	for _, h := range p.Spec.AllowedHostPaths {
		all["hostPath"] = append(all["hostPath"], h.PathPrefix)
	}
	for _, f := range p.Spec.AllowedFlexVolumes {
		all["flexVolume"] = append(all["flexVolume"], f.Driver)
	}
	for _, d := range p.Spec.AllowedCSIDrivers {
		all["csi"] = append(all["csi"], d.Name)
	}
	if r := p.Spec.RuntimeClass; r != nil {
		all["runtimeClass"] = r.Allowed
	}
	if options := p.Spec.SELinux.Options; options != nil {
		all["seLinux level"] = []string{options.Level}
	}
	all["seccomp"], _ = seccompProfiles(p)
	list, _ := p.annotation(appArmorAllowed)
	all["appArmor"] = strings.Split(list, ",")
	return all
}
