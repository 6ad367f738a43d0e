// SPDX-License-Identifier: Apache-2.0

package cases

import (
	"strings"

	"psp2rego/verify/protocol"
)

// Requester is somebody whom a binding seems to let use a policy, and a namespace in which it does.
type Requester struct {
	UserInfo  protocol.UserInfo
	Namespace string
}

// Requesters are those whom the cluster's bindings name for the policy, each with no groups that the binding does not need, unless it is a service
// account, in the order of the bindings. Somebody may appear twice, and may be let use other policies, too.
func (c *Cluster) Requesters(policy string) []Requester {
	var all []Requester
	for _, granted := range c.grants {
		if granted.policy == policy {
			all = append(all, c.requester(granted))
		}
	}
	return all
}

func (c *Cluster) requester(granted grant) Requester {
	r := Requester{protocol.UserInfo{Username: granted.name}, granted.namespace}
	if r.Namespace == "" {
		r.Namespace = syntheticNamespace
	}
	switch granted.kind {
	case "ServiceAccount":
		r.UserInfo = accountUser(granted.subjectNS, granted.name)
	case "Group":
		r.UserInfo = protocol.UserInfo{Username: "someone", Groups: []string{granted.name}}
		if namespace, ok := strings.CutPrefix(granted.name, authenticated+":"); ok && c.Dialect == MKE {
			r = Requester{protocol.UserInfo{Username: "someone", Groups: []string{authenticated}}, namespace}
		}
	}
	return r
}
