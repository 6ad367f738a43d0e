// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"bytes"
	"encoding/json"

	"psp2rego/verify/protocol"
)

// Specimen is a pod that is to show what a policy does.
type Specimen struct {
	// Check is the check that is about: the only one in which a Single specimen differs from the plain pod; empty for the
	// plain pod, and for pods that are about all checks.
	Check string
	// Single is set if nothing but Check was changed in the plain pod.
	Single  bool
	Request *protocol.Request
}

// Sheet makes pods by which a policy of a Synthetic cluster can be told from another one, all of them created by the policy's
// own user. The first is a plain pod that the policy accepts, as far as there is one. Then, for each check that the policy
// decides, comes the plain pod with what the policy refuses, or would fill in. Pods that use much of what the policy allows, and,
// rounds times for each check in which it demands something, pods at its edges follow. Nil is said of a policy that the
// cluster does not have.
func (c *Cluster) Sheet(settings Settings, seed uint64, policy string, rounds int) []Specimen {
	for i, p := range c.Policies {
		if p.Name() == policy {
			settings.Use, settings.ManyContainers = 0, 0
			g := newGen(settings, seed, uint64(i), streamSheet)
			g.cluster = c
			return g.sheet(p, rounds)
		}
	}
	return nil
}

func (g *gen) sheet(p *Policy, rounds int) []Specimen {
	var all []Specimen
	put := func(check string, single bool, pods ...pod) {
		for _, made := range pods {
			all = append(all, Specimen{Check: check, Single: single, Request: g.create(byItself(p), made)})
		}
	}
	plain := g.compliant(p, "")
	put("", false, plain)
	for _, o := range g.cluster.decisive {
		if o.policy != p {
			continue
		}
		changed := plain.clone()
		if !o.refuses || !violate(o.check.name, p, changed) {
			g.explicit = true
			o.check.comply(g, p, changed)
			g.explicit = false
		}
		put(o.check.name, true, changed)
	}
	for round := range rounds {
		g.settings.Use, g.settings.ManyContainers = 1, 0.4
		g.explicit = round%2 == 1
		put("", false, g.compliant(p, ""))
		g.explicit = false
		g.settings.Use = 0
		for _, c := range g.demanding(p) {
			accepted := g.compliant(p, c.name)
			edge := accepted.clone()
			c.edge(g, p, edge)
			put(c.name, false, accepted, edge)
		}
	}
	return all
}

// Raw makes requests of one that a webhook was to see, with what an API server takes out of a pod before or after a plugin sees
// it: members that say what their absence says, a procMount that is none, and ports that are out of bounds. OPA may be asked about them all the same.
func Raw(seen *protocol.Request) ([]Specimen, error) {
	plain := pod{Object{}}
	d := json.NewDecoder(bytes.NewReader(seen.Object))
	d.UseNumber() // ids may be larger than floating point holds
	if err := d.Decode(&plain.Object); err != nil {
		return nil, err
	}
	var all []Specimen
	vary := func(check string, change func(p pod)) {
		p, request := plain.clone(), *seen
		change(p)
		request.Object = raw(p.Object)
		all = append(all, Specimen{Check: check, Request: &request})
	}
	vary("host_network", func(p pod) { p.spec()["hostNetwork"] = false })
	vary("host_pid", func(p pod) { p.spec()["hostPID"] = false })
	vary("host_ipc", func(p pod) { p.spec()["hostIPC"] = false })
	vary("supplemental_groups", func(p pod) { p.securityContext()["supplementalGroups"] = []any{} })
	vary("seccomp", func(p pod) { p.securityContext()["seccompProfile"] = Object{"type": ""} })
	vary("seccomp", func(p pod) { p.annotations()[seccompPod] = "" })
	vary("seccomp", func(p pod) { p.annotations()[seccompContainer+p.containers()[0].name()] = "" })
	vary("proc_mount", func(p pod) { p.containers()[0].securityContext()["procMount"] = "Unknown" })
	for _, port := range []int{65536, -1} {
		vary("host_ports", func(p pod) {
			add(p.containers()[0].Object, "ports", Object{"containerPort": 80, "hostPort": port, "protocol": "TCP"})
		})
	}
	return all, nil
}
