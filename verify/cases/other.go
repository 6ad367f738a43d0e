// SPDX-License-Identifier: Apache-2.0

package cases

import "psp2rego/verify/protocol"

// otherCase is a request that PodSecurityPolicy leaves alone (section A1), about a pod that it would
// refuse if it looked.
func (g *gen) otherCase() Case {
	p, a := g.target()
	made := g.compliant(p, "")
	g.store(a, made, p)
	made.addContainer("ephemeralContainers", "debug").securityContext()["privileged"] = true
	made.spec()["hostPID"] = true
	request := g.create(a, made)
	pick(g, g.elsewhere()...)(request)
	return Case{Kind: Other, Request: request}
}

// elsewhere turns the creation of a pod into something else.
func (g *gen) elsewhere() []func(*protocol.Request) {
	foreign := func(r *protocol.Request, group, version, resource, kind string) {
		r.Resource = protocol.GroupVersionResource{Group: group, Version: version, Resource: resource}
		r.Kind = protocol.GroupVersionKind{Group: group, Version: version, Kind: kind}
		r.Operation = pick(g, "CREATE", "UPDATE")
		if r.Operation == "UPDATE" {
			r.OldObject = r.Object
		}
	}
	return []func(*protocol.Request){
		func(r *protocol.Request) {
			r.SubResource, r.Operation, r.OldObject = pick(g, "status", "ephemeralcontainers"), "UPDATE", r.Object
		},
		func(r *protocol.Request) {
			r.SubResource = pick(g, "binding", "eviction", "exec", "attach", "log", "*")
		},
		func(r *protocol.Request) {
			r.SubResource, r.Operation, r.Object = pick(g, "exec", "proxy", "portforward"), "CONNECT", nil
		},
		func(r *protocol.Request) { r.Operation, r.OldObject, r.Object = "DELETE", r.Object, nil },
		func(r *protocol.Request) { foreign(r, "apps", "v1", "deployments", "Deployment") },
		func(r *protocol.Request) { foreign(r, "", "v1", "replicationcontrollers", "ReplicationController") },
		func(r *protocol.Request) { foreign(r, "", "v1", "podtemplates", "PodTemplate") },
		func(r *protocol.Request) { foreign(r, "metrics.k8s.io", "v1beta1", "pods", "PodMetrics") },
		func(r *protocol.Request) { foreign(r, "example.com", "v1", "pods", "Pod") },
		func(r *protocol.Request) { foreign(r, "", "v1", "Pods", "Pod") },
		func(r *protocol.Request) { r.Resource.Version = pick(g, "v2", "") }, // judged all the same
	}
}
