// SPDX-License-Identifier: Apache-2.0

package cases

import "strings"

const (
	appArmorAllowed   = "apparmor.security.beta.kubernetes.io/allowedProfileNames"
	appArmorDefault   = "apparmor.security.beta.kubernetes.io/defaultProfileName"
	appArmorContainer = "container.apparmor.security.beta.kubernetes.io/"
)

// appArmor varies the AppArmor profile of each container (sections D8, E9).
func appArmor() check {
	return check{
		name:   "app_armor",
		weight: 3,
		narrows: func(p *Policy) bool {
			_, listed := p.annotation(appArmorAllowed)
			_, defaulted := p.annotation(appArmorDefault)
			return listed || defaulted
		},
		narrow: narrowAppArmor,
		comply: func(g *gen, p *Policy, pod pod) {
			clearAppArmor(pod)
			list, listed := p.annotation(appArmorAllowed)
			def, _ := p.annotation(appArmorDefault)
			profiles := strings.Split(list, ",")
			if !listed {
				profiles = []string{"runtime/default", "localhost/web"}
				if def == "" && !g.chance(g.settings.Use) {
					return
				}
			}
			for _, c := range pod.containers() {
				if def == "" || g.explicit || g.chance(0.4) {
					pod.annotations()[appArmorContainer+c.name()] = pick(g, profiles...)
				}
			}
		},
		edge: func(g *gen, p *Policy, pod pod) {
			list, _ := p.annotation(appArmorAllowed)
			def, _ := p.annotation(appArmorDefault)
			profiles := append(strings.Split(list, ","), def, "runtime/default", "unconfined", "localhost/web", "",
				"localhost/*", "*", list, "nonsense")
			profiles = append(profiles, pick(g, profiles...)+"x", strings.ToUpper(pick(g, profiles...)))
			for range 1 + g.IntN(2) {
				key := appArmorContainer + pick(g, g.anyContainer(pod).name(), g.anyContainer(pod).name(), "nobody", "")
				pod.annotations()[key] = g.text(profiles...)
				if g.chance(0.2) {
					delete(pod.annotations(), key)
				}
			}
		},
	}
}

func narrowAppArmor(g *gen, p *Policy) {
	known := []string{"runtime/default", "unconfined", "localhost/web", "localhost/y"}
	if g.chance(0.7) {
		p.annotate(appArmorAllowed, strings.Join(some(g, 1, 3, known...), ","))
	}
	if g.chance(0.6) {
		list, ok := p.annotation(appArmorAllowed)
		def := pick(g, known...)
		if ok {
			def = pick(g, strings.Split(list, ",")...)
		}
		p.annotate(appArmorDefault, def)
	}
	if !g.odd() {
		return
	}
	switch g.IntN(4) {
	case 0: // an empty list refuses every pod
		p.annotate(appArmorAllowed, pick(g, "", "runtime/default,", ",", "*", "localhost/*", " runtime/default",
			"unconfined,unconfined", "Runtime/Default"))
	case 1: // perhaps outside the list
		p.annotate(appArmorDefault, pick(g, known...))
	case 2:
		p.annotate(appArmorDefault, "")
	default:
		p.annotate(appArmorAllowed, "nonsense\",x\n,localhost/ü")
	}
}

func clearAppArmor(pod pod) {
	annotations, _ := pod.meta()["annotations"].(Object)
	for key := range annotations {
		if strings.HasPrefix(key, appArmorContainer) {
			delete(annotations, key)
		}
	}
}
