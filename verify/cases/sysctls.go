// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"slices"
	"strings"
)

// sysctls varies spec.securityContext.sysctls (section D5).
func sysctls() check {
	return check{
		name:   "sysctls",
		weight: 3,
		narrows: func(p *Policy) bool {
			return len(p.Spec.ForbiddenSysctls) > 0 || !slices.Contains(p.Spec.AllowedUnsafeSysctls, "*")
		},
		narrow: narrowSysctls,
		comply: func(g *gen, p *Policy, pod pod) {
			delete(pod.securityContext(), "sysctls")
			if !g.chance(g.settings.Use * 2) {
				return
			}
			var names []string
			for _, name := range slices.Concat(safeSysctls(), expand(p.Spec.AllowedUnsafeSysctls)) {
				if !matchesSysctl(p.Spec.ForbiddenSysctls, name) {
					names = append(names, name)
				}
			}
			setSysctls(pod, some(g, 1, 3, names...))
		},
		edge: func(g *gen, p *Policy, pod pod) {
			names := slices.Concat(safeSysctls(), expand(p.Spec.AllowedUnsafeSysctls), expand(p.Spec.ForbiddenSysctls),
				[]string{"kernel.msgmax", "net.core.somaxconn", "fs.mqueue.msg_max"})
			name := pick(g, names...)
			names = append(names, name+"x", strings.TrimSuffix(name, "x"), strings.ReplaceAll(name, ".", "/"),
				strings.ToUpper(name), name[:len(name)-1], "*", "", g.oddText())
			chosen := some(g, 1, 3, names...)
			if g.chance(0.2) {
				chosen = append(chosen, chosen[0]) // twice
			}
			setSysctls(pod, chosen)
			if g.chance(0.05) {
				pod.securityContext()["sysctls"] = pick[any](g, nil, []any{})
			}
		},
	}
}

// safeSysctls are those that every policy allows unless it forbids them
// (pkg/security/podsecuritypolicy/sysctl/mustmatchpatterns.go, v1.24.17).
func safeSysctls() []string {
	return []string{
		"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
		"net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start",
	}
}

func narrowSysctls(g *gen, p *Policy) {
	p.Spec.AllowedUnsafeSysctls = some(g, 0, 2, "kernel.msgmax", "net.core.*", "kernel.shm*", "net.ipv4.tcp_syncookies")
	p.Spec.ForbiddenSysctls = some(g, 0, 2, "net.ipv4.*", "kernel.sem", "kernel.shm_rmid_forced", "fs.*", "*")
	if g.odd() {
		p.Spec.AllowedUnsafeSysctls = append(p.Spec.AllowedUnsafeSysctls,
			pick(g, "*", "", "kernel/msgmax", "ker*nel.sem", "Kernel.Sem", "**", "net.ipv4.*", g.oddText(), g.oddText()+"*"))
		p.Spec.ForbiddenSysctls = append(p.Spec.ForbiddenSysctls, pick(g, "", "kernel/sem", "a**", "kernel.msg*"))
	}
}

// expand turns patterns into names at their edges: the prefix itself, and the prefix with more.
func expand(patterns []string) []string {
	var names []string
	for _, pattern := range patterns {
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
			names = append(names, prefix+"a.b", prefix+"x")
			if prefix != "" {
				names = append(names, prefix, prefix[:len(prefix)-1]+"x")
			}
			continue
		}
		if pattern != "" {
			names = append(names, pattern)
		}
	}
	return names
}

func matchesSysctl(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		prefix, ok := strings.CutSuffix(pattern, "*")
		return name == pattern || ok && strings.HasPrefix(name, prefix)
	})
}

func setSysctls(pod pod, names []string) {
	var list []any
	for _, name := range names {
		list = append(list, Object{"name": name, "value": "1"})
	}
	pod.securityContext()["sysctls"] = list
}
