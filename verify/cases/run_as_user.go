// SPDX-License-Identifier: Apache-2.0

package cases

// runAsUser varies runAsUser and runAsNonRoot of pods and containers (sections D2, E6, E10).
func runAsUser() check {
	return check{
		name:    "run_as_user",
		weight:  4,
		narrows: func(p *Policy) bool { return p.Spec.RunAsUser.Rule != "RunAsAny" },
		narrow: func(g *gen, p *Policy) {
			p.Spec.RunAsUser = g.narrowIDs("MustRunAs", "MustRunAsNonRoot")
			if p.Spec.RunAsUser.Rule == "MustRunAsNonRoot" && g.chance(0.7) {
				p.Spec.RunAsUser.Ranges = nil
			}
			if g.odd() {
				p.Spec.RunAsUser = g.oddIDs()
			}
		},
		comply: func(g *gen, p *Policy, pod pod) {
			clearUsers(pod)
			s := p.Spec.RunAsUser
			switch {
			case s.Rule == "MustRunAs":
				g.usersWithin(pod, g.idsWithin(s))
			case s.Rule == "MustRunAsNonRoot" && g.chance(0.5):
				g.nonRoot(pod)
			case s.Rule == "MustRunAsNonRoot":
				g.usersWithin(pod, []int64{1, 65534})
			case g.chance(g.settings.Use):
				g.usersWithin(pod, g.idsWithin(s))
			}
		},
		edge: func(g *gen, p *Policy, pod pod) {
			holders := []Object{pod.securityContext()}
			for _, c := range some(g, 1, 2, pod.containers()...) {
				holders = append(holders, c.securityContext())
			}
			for _, sc := range some(g, 1, 2, holders...) {
				switch ids := g.idsAround(p.Spec.RunAsUser); g.IntN(6) {
				case 0:
					delete(sc, "runAsUser")
				case 1:
					sc["runAsNonRoot"] = g.chance(0.5)
				case 2:
					sc["runAsUser"], sc["runAsNonRoot"] = pick(g, ids...), g.chance(0.5)
				case 3:
					sc["runAsUser"], sc["runAsNonRoot"] = nil, nil
				default:
					sc["runAsUser"] = pick(g, ids...)
				}
			}
		},
	}
}

func clearUsers(pod pod) {
	for _, sc := range securityContexts(pod) {
		delete(sc, "runAsUser")
		delete(sc, "runAsNonRoot")
	}
}

// securityContexts are the security contexts that exist, the pod's own included.
func securityContexts(pod pod) []Object {
	var all []Object
	for _, holder := range append([]Object{pod.spec()}, objects(pod.containers())...) {
		if sc, ok := holder["securityContext"].(Object); ok {
			all = append(all, sc)
		}
	}
	return all
}

func objects(containers []container) []Object {
	all := make([]Object, len(containers))
	for i, c := range containers {
		all[i] = c.Object
	}
	return all
}

// usersWithin gives the pod, or each container, or nobody, one of the ids. A pod level outside of
// them does no harm when every container has a value of its own.
func (g *gen) usersWithin(pod pod, ids []int64) {
	if len(ids) == 0 {
		return
	}
	switch g.IntN(4) {
	case 0:
		if !g.explicit {
			return
		}
		fallthrough
	case 1:
		pod.securityContext()["runAsUser"] = pick(g, ids...)
		if g.chance(0.3) {
			g.anyContainer(pod).securityContext()["runAsUser"] = pick(g, ids...)
		}
	default:
		for _, c := range pod.containers() {
			c.securityContext()["runAsUser"] = pick(g, ids...)
		}
		if g.chance(0.3) {
			pod.securityContext()["runAsUser"] = pick[int64](g, 0, 7, ids[0])
		}
	}
}

// nonRoot lets runAsNonRoot say what is demanded, at one level or the other.
func (g *gen) nonRoot(pod pod) {
	switch g.IntN(3) {
	case 0:
		if !g.explicit {
			return
		}
		fallthrough
	case 1:
		pod.securityContext()["runAsNonRoot"] = true
	default:
		for _, c := range pod.containers() {
			c.securityContext()["runAsNonRoot"] = true
		}
		if g.chance(0.3) {
			pod.securityContext()["runAsNonRoot"] = false
		}
	}
}
