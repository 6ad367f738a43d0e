// SPDX-License-Identifier: Apache-2.0

package cases

import "strings"

// Annotation keys of policies and pods
// (staging/src/k8s.io/api/core/v1/annotation_key_constants.go, pkg/security/podsecuritypolicy/seccomp, v1.24.17).
const (
	seccompAllowed   = "seccomp.security.alpha.kubernetes.io/allowedProfileNames"
	seccompDefault   = "seccomp.security.alpha.kubernetes.io/defaultProfileName"
	seccompPod       = "seccomp.security.alpha.kubernetes.io/pod"
	seccompContainer = "container.seccomp.security.alpha.kubernetes.io/"
)

// seccomp varies seccomp profiles, as fields and as annotations, of pods and containers (sections
// D9, E4, A5).
func seccomp() check {
	return check{
		name:   "seccomp",
		weight: 4,
		narrows: func(p *Policy) bool {
			_, all := seccompProfiles(p)
			_, defaulted := p.annotation(seccompDefault)
			return !all || defaulted
		},
		narrow: narrowSeccomp,
		comply: func(g *gen, p *Policy, pod pod) {
			clearSeccomp(pod)
			profiles, all := seccompProfiles(p)
			if all {
				profiles = append(profiles, "runtime/default", "unconfined", "localhost/a.json")
			}
			_, hasDefault := p.annotation(seccompDefault)
			free := all || len(profiles) == 0 || len(profiles) == 1 && profiles[0] == ""
			switch {
			case len(profiles) == 0:
			case free && !g.chance(g.settings.Use), hasDefault && !g.explicit && g.chance(0.6):
			case !g.explicit && g.chance(0.3):
				setSeccompField(pod.securityContext(), pick(g, profiles...))
			default:
				profile := pick(g, profiles...)
				pod.annotations()[seccompPod] = profile
				if g.explicit || g.chance(0.5) { // in sync, as on every stored pod
					setSeccompField(pod.securityContext(), profile)
				}
			}
		},
		edge: func(g *gen, p *Policy, pod pod) {
			for range 1 + g.IntN(2) {
				g.edgeSeccomp(p, pod)
			}
		},
	}
}

func narrowSeccomp(g *gen, p *Policy) {
	delete(p.Metadata.Annotations, seccompAllowed)
	known := []string{"runtime/default", "docker/default", "unconfined", "localhost/a.json", "localhost/b/c.json"}
	allowed := some(g, 1, 3, known...)
	if g.chance(0.85) {
		p.annotate(seccompAllowed, strings.Join(allowed, ","))
	}
	if g.chance(0.6) {
		p.annotate(seccompDefault, pick(g, allowed...))
	}
	if !g.odd() {
		return
	}
	switch g.IntN(6) {
	case 0:
		p.annotate(seccompAllowed, pick(g, "", ",", "runtime/default,", "*,runtime/default", " runtime/default", "localhost/*", "unconfined,*",
			"unconfined,unconfined", "Unconfined,Runtime/Default", "*,*"))
	case 1:
		p.annotate(seccompDefault, pick(g, known...)) // perhaps outside the list: then it refuses every pod
	case 2:
		p.annotate(seccompDefault, pick(g, "", "nonsense", "localhost/", "RuntimeDefault", "quote\"d\n"))
	case 3:
		delete(p.Metadata.Annotations, seccompAllowed)
		p.annotate(seccompDefault, "runtime/default")
	case 4:
		p.annotate(seccompAllowed, "nonsense,localhost/ä\"\\\n.json")
	default:
		p.annotate(seccompAllowed, "docker/default")
		p.annotate(seccompDefault, "docker/default")
	}
}

// seccompProfiles are the profiles that the policy lists, without the wildcard, and whether the
// wildcard is among them.
func seccompProfiles(p *Policy) (profiles []string, all bool) {
	list, ok := p.annotation(seccompAllowed)
	if !ok {
		return nil, false
	}
	for _, name := range strings.Split(list, ",") {
		if name == "*" {
			all = true
			continue
		}
		profiles = append(profiles, name)
	}
	return profiles, all
}

func clearSeccomp(pod pod) {
	for _, sc := range securityContexts(pod) {
		delete(sc, "seccompProfile")
	}
	annotations, _ := pod.meta()["annotations"].(Object)
	for key := range annotations {
		if key == seccompPod || strings.HasPrefix(key, seccompContainer) {
			delete(annotations, key)
		}
	}
}

// setSeccompField sets the field that the annotation value stands for; nothing when there is none.
func setSeccompField(sc Object, profile string) {
	switch path, local := strings.CutPrefix(profile, "localhost/"); {
	case profile == "unconfined":
		sc["seccompProfile"] = Object{"type": "Unconfined"}
	case profile == "runtime/default" || profile == "docker/default":
		sc["seccompProfile"] = Object{"type": "RuntimeDefault"}
	case local && path != "":
		sc["seccompProfile"] = Object{"type": "Localhost", "localhostProfile": path}
	}
}

func (g *gen) edgeSeccomp(p *Policy, pod pod) {
	c := g.anyContainer(pod)
	profiles, _ := seccompProfiles(p)
	def, _ := p.annotation(seccompDefault)
	profiles = append(profiles, def, "runtime/default", "docker/default", "unconfined", "localhost/a.json",
		"localhost/", "localhost/*", "", "*", "nonsense", "Unconfined", pick(g, append(profiles, def)...)+"x",
		less(pick(g, append(profiles, def)...)))
	profile := g.text(profiles...)
	switch g.IntN(7) {
	case 0, 1:
		pod.annotations()[seccompPod] = profile
	case 2:
		pod.annotations()[seccompContainer+c.name()] = profile
	case 3:
		setSeccompField(pod.securityContext(), profile)
	case 4:
		setSeccompField(c.securityContext(), profile)
	case 5:
		odd := pick(g, Object{"type": "Localhost"}, Object{"type": "Localhost", "localhostProfile": ""},
			Object{"type": "Unknown"}, Object{"type": ""}, Object{"type": "RuntimeDefault", "localhostProfile": "x"})
		pick(g, pod.securityContext(), c.securityContext())["seccompProfile"] = odd
	default:
		delete(pod.annotations(), seccompPod)
		pod.annotations()[seccompContainer+"nobody"] = profile
	}
}
