// SPDX-License-Identifier: Apache-2.0

package cases

import "strings"

// seLinux varies seLinuxOptions of pods and containers (sections D3, E3).
func seLinux() check {
	return check{
		name:    "se_linux",
		weight:  3,
		narrows: func(p *Policy) bool { return p.Spec.SELinux.Rule != "RunAsAny" },
		narrow:  narrowSELinux,
		comply: func(g *gen, p *Policy, pod pod) {
			for _, sc := range securityContexts(pod) {
				delete(sc, "seLinuxOptions")
			}
			must := p.Spec.SELinux.Rule == "MustRunAs"
			if must && (g.explicit || g.chance(0.5)) {
				pod.securityContext()["seLinuxOptions"] = g.sameLabel(p.Spec.SELinux.Options)
			}
			if must && g.chance(0.3) {
				g.anyContainer(pod).securityContext()["seLinuxOptions"] = g.sameLabel(p.Spec.SELinux.Options)
			}
			if !must && g.chance(g.settings.Use) {
				g.anyContainer(pod).securityContext()["seLinuxOptions"] = Object{"level": "s0:c1,c2", "type": "spc_t"}
			}
		},
		edge: func(g *gen, p *Policy, pod pod) {
			sc := pod.securityContext()
			if g.chance(0.6) {
				sc = g.anyContainer(pod).securityContext()
			}
			label := g.sameLabel(p.Spec.SELinux.Options)
			field := pick(g, "level", "level", "level", "role", "type", "user")
			value, _ := label[field].(string)
			label[field] = g.text(g.near(value)...)
			switch g.IntN(8) {
			case 0:
				delete(label, field)
			case 1:
				label = Object{}
			case 2:
				delete(sc, "seLinuxOptions")
				return
			}
			sc["seLinuxOptions"] = label
		},
	}
}

func narrowSELinux(g *gen, p *Policy) {
	s := SELinux{Rule: "MustRunAs", Options: &SELinuxOptions{
		Level: pick(g, "s0:c0,c1", "s0:c1,c0,c5", "s0", "s0:", ":c1", ":c1,c0", "s0:c1,c1", "s0:a:b,c", ""),
		Role:  pick(g, "", "object_r"), Type: pick(g, "", "", "svirt_lxc_net_t", "spc_t"), User: pick(g, "", "", "system_u"),
	}}
	if g.odd() {
		s = pick(g,
			SELinux{Rule: "MustRunAs"}, // no provider can be built
			SELinux{Rule: "MustRunAs", Options: &SELinuxOptions{}},
			SELinux{Rule: "MustRunAs", Options: &SELinuxOptions{Level: g.oddText(), Type: g.oddText()}},
			SELinux{Rule: "RunAsAny", Options: &SELinuxOptions{Level: "s0"}},
			SELinux{Rule: "MayRunAs", Options: &SELinuxOptions{Level: "s0"}},
			SELinux{Rule: ""},
		)
	}
	p.Spec.SELinux = s
}

// sameLabel is a label that equals the policy's, its categories perhaps in another order.
func (g *gen) sameLabel(o *SELinuxOptions) Object {
	label := Object{}
	if o == nil {
		return label
	}
	for key, value := range map[string]string{
		"level": o.Level, "role": o.Role, "type": o.Type, "user": o.User,
	} {
		if value != "" {
			label[key] = value
		}
	}
	if o.Level != "" {
		label["level"] = g.shuffledLevel(o.Level)
	}
	return label
}

func (g *gen) shuffledLevel(level string) string {
	head, tail, ok := strings.Cut(level, ":")
	if !ok || g.chance(0.5) {
		return level
	}
	categories := strings.Split(tail, ",")
	g.Shuffle(len(categories), func(i, j int) { categories[i], categories[j] = categories[j], categories[i] })
	return head + ":" + strings.Join(categories, ",")
}

// near are values close to an SELinux string: one character more or less, another case, another
// sensitivity, categories swapped, doubled or written as a range.
func (g *gen) near(value string) []string {
	all := []string{
		value, value + "x", value + " ", " " + value, strings.ToUpper(value), value + ",", value + ":",
		value + ",c1", "s0:c0.c3", "s1:c0,c1", "spc_t", "", g.shuffledLevel(value),
	}
	if head, tail, ok := strings.Cut(value, ":"); ok {
		all = append(all, head, head+":", head+":"+tail+","+tail, ":"+tail, head+","+tail)
	}
	if len(value) > 1 {
		all = append(all, value[:len(value)-1], value[1:])
	}
	return all
}
