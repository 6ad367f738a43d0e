// SPDX-License-Identifier: Apache-2.0

package cases

import "slices"

// hostPorts varies the host ports of containers (section D13).
func hostPorts() check {
	return check{
		name:    "host_ports",
		weight:  2,
		narrows: func(p *Policy) bool { return !slices.Equal(p.Spec.HostPorts, []Range{{0, 65535}}) },
		narrow: func(g *gen, p *Policy) {
			p.Spec.HostPorts = nil
			for range g.IntN(3) {
				low := pick[int64](g, 0, 1, 80, 1024, 8000, 65535)
				p.Spec.HostPorts = append(p.Spec.HostPorts, Range{low, low + pick[int64](g, 0, 0, 1, 2, 90)})
			}
			if g.odd() {
				p.Spec.HostPorts = append(p.Spec.HostPorts,
					pick(g, Range{90, 80}, Range{-1, 80}, Range{0, 0}, Range{70000, 80000}, Range{-2147483648, 2147483647}))
			}
		},
		comply: func(g *gen, p *Policy, pod pod) {
			onHost := pod.spec()["hostNetwork"] == true
			for _, c := range pod.containers() {
				delete(c.Object, "ports")
				if !g.chance(g.settings.Use) {
					continue
				}
				port := Object{"containerPort": int64(8080)}
				if ports := portsWithin(p); len(ports) > 0 && (onHost || g.chance(0.6)) {
					n := pick(g, ports...)
					port["containerPort"], port["hostPort"] = n, n
				} else if onHost {
					continue // on the host's network each port is a host port
				}
				add(c.Object, "ports", port)
			}
		},
		edge: func(g *gen, p *Policy, pod pod) {
			ports := []int64{0, 1, 80, 65535, -1, 2147483647}
			for _, r := range p.Spec.HostPorts {
				ports = append(ports, r.Min-1, r.Min, r.Max, r.Max+1, r.Min-1, r.Min, r.Max, r.Max+1)
			}
			for range 1 + g.IntN(2) {
				n := pick(g, ports...)
				n = max(min(n, 2147483647), -2147483648) // the API type is int32
				port := Object{"containerPort": pick(g, n, 8080), "hostPort": n}
				if g.chance(0.3) {
					port["protocol"] = pick(g, "UDP", "SCTP", "TCP")
				}
				if g.chance(0.2) {
					port["hostIP"] = "127.0.0.1"
				}
				if g.chance(0.05) {
					port["hostPort"] = nil
				}
				add(g.anyContainer(pod).Object, "ports", port)
			}
			if p.Spec.HostNetwork && g.chance(0.3) { // host ports that the API fills in
				pod.spec()["hostNetwork"] = true
				add(g.anyContainer(pod).Object, "ports", Object{"containerPort": max(1, min(65535, pick(g, ports...)))})
			}
		},
	}
}

func portsWithin(p *Policy) []int64 {
	var ports []int64
	for _, r := range p.Spec.HostPorts {
		low, high := max(r.Min, 1), min(r.Max, 65535)
		if low <= high {
			ports = append(ports, low, high, low+(high-low)/2)
		}
	}
	return ports
}
