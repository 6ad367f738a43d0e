// SPDX-License-Identifier: Apache-2.0

package cases

import "slices"

// fieldDefault is one field of a policy that fills something in.
type fieldDefault struct {
	name string
	// check is the one that varies what is filled in.
	check string
	set   func(g *gen, p *Policy)
}

// fieldDefaults are all of them (section E of the semantics).
func fieldDefaults() []fieldDefault {
	yes, no := true, false
	return []fieldDefault{
		{"supplementalGroups", "supplemental_groups", func(g *gen, p *Policy) { p.Spec.SupplementalGroups = g.narrowIDs("MustRunAs") }},
		{"fsGroup", "fs_group", func(g *gen, p *Policy) { p.Spec.FSGroup = g.narrowIDs("MustRunAs") }},
		{"seLinux", "se_linux", func(g *gen, p *Policy) {
			options := pick(g, SELinuxOptions{Level: "s0:c1,c0"}, SELinuxOptions{"u", "r", "t", "s0"}, SELinuxOptions{Type: "spc_t"}, SELinuxOptions{})
			p.Spec.SELinux = SELinux{Rule: "MustRunAs", Options: &options}
		}},
		{"seccompDefault", "seccomp", func(g *gen, p *Policy) {
			p.annotate(seccompDefault, pick(g, "runtime/default", "docker/default", "unconfined", "localhost/a.json", "nonsense", "localhost/"))
		}},
		{"defaultRuntimeClassName", "runtime_class", func(g *gen, p *Policy) {
			name := pick(g, "gv", "kata")
			p.Spec.RuntimeClass = &RuntimeClass{Allowed: pick(g, []string{"*"}, []string{"runc", name}), Default: &name}
		}},
		{"runAsUser", "run_as_user", func(g *gen, p *Policy) { p.Spec.RunAsUser = g.narrowIDs("MustRunAs") }},
		{"runAsNonRoot", "run_as_user", func(_ *gen, p *Policy) { p.Spec.RunAsUser = IDStrategy{Rule: "MustRunAsNonRoot"} }},
		{"runAsGroup", "run_as_group", func(g *gen, p *Policy) {
			s := g.narrowIDs("MustRunAs")
			p.Spec.RunAsGroup = &s
		}},
		{"appArmorDefault", "app_armor", func(g *gen, p *Policy) {
			p.annotate(appArmorDefault, pick(g, "runtime/default", "unconfined", "localhost/web"))
		}},
		{"defaultAddCapabilities", "capabilities", func(g *gen, p *Policy) {
			p.Spec.DefaultAddCapabilities = some(g, 1, 3, capabilityNames()...)
		}},
		{"requiredDropCapabilities", "capabilities", func(g *gen, p *Policy) {
			p.Spec.RequiredDropCapabilities = some(g, 1, 3, append(capabilityNames(), "ALL")...)
		}},
		{"readOnlyRootFilesystem", "read_only_root_filesystem", func(_ *gen, p *Policy) { p.Spec.ReadOnlyRootFilesystem = true }},
		{"allowPrivilegeEscalation", "allow_privilege_escalation", func(_ *gen, p *Policy) { p.Spec.AllowEscalation = &no }},
		{"defaultAllowPrivilegeEscalation", "allow_privilege_escalation", func(g *gen, p *Policy) {
			p.Spec.DefaultAllowEscalation = pick(g, &yes, &no)
		}},
	}
}

const podsPerDefault = 8

// SingleDefaults is a cluster with a policy for each field that fills something in, lax in all others. Its pods leave what
// is filled in unset, in all places or in some, or set it; the aspect is the field.
func SingleDefaults(settings Settings, seed uint64, index int) *Isolated {
	g := newGen(settings, seed, uint64(index), streamDefaults)
	var policies []*Policy
	for _, d := range fieldDefaults() {
		p := lax("fills-in-" + dashed(d.name))
		d.set(g, p)
		policies = append(policies, p)
	}
	made := g.newIsolated(Kubernetes, index, policies, nil)
	made.Cluster = made.Synthetic()
	all := checks()
	for i, d := range fieldDefaults() {
		c := all[slices.IndexFunc(all, func(c check) bool { return c.name == d.check })]
		for n := range podsPerDefault {
			p := g.newPod()
			g.neighbours(p)
			switch n % 4 {
			case 0: // nothing is set, if it is no neighbour's turn
			case 1: // nothing is left to fill in
				g.explicit = true
				c.comply(g, policies[i], p)
				g.explicit = false
			case 2:
				c.comply(g, policies[i], p)
			default:
				c.edge(g, policies[i], p)
			}
			made.add(d.name, g.create(byItself(policies[i]), p))
		}
	}
	return made
}

// neighbours sets something beside which something may have to be filled in.
func (g *gen) neighbours(p pod) {
	if g.chance(0.5) {
		p.annotations()["example.com/note"] = "x"
	}
	if g.chance(0.5) {
		p.securityContext()["fsGroupChangePolicy"] = "Always"
	}
	for _, c := range p.containers() {
		for _, set := range some(g, 0, 2,
			func(sc Object) { sc["readOnlyRootFilesystem"] = true },
			func(sc Object) { sc["runAsUser"] = 7 },
			func(sc Object) { sc["allowPrivilegeEscalation"] = false },
			func(sc Object) { sc["procMount"] = "Default" },
			func(sc Object) { sc["privileged"] = false },
		) {
			set(c.securityContext())
		}
	}
}
