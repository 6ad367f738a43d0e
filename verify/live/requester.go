// SPDX-License-Identifier: Apache-2.0

package live

import (
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"psp2rego/verify/protocol"
)

// Group is one that every requester of this program is in, and nobody else. Whoever binds it to a role that allows to create pods lets the
// program ask about requesters who may use a policy and may not create pods themselves.
const Group = "psp2rego:verify"

const (
	authenticated, unauthenticated = "system:authenticated", "system:unauthenticated"
	anonymous                      = "system:anonymous"
)

// requester is in whose name a request is sent.
type requester struct {
	user   string
	groups []string
}

// sign puts the requester into the headers of a request.
func (r *requester) sign(h http.Header) {
	h.Set("Impersonate-User", r.user)
	for _, group := range r.groups {
		h.Add("Impersonate-Group", group)
	}
}

// Reasons why a case cannot be tried on any cluster.
const (
	notCreation   = "only the creation of a pod can be tried without changing anything"
	notSayable    = "no request can be sent in the name of its requester"
	withoutObject = "it has no object"
)

// Fit is the request as it can be tried on a cluster, or the reason why there is none. The requester is whom the API server makes of an impersonated
// user: one more group says whether somebody is authenticated (pkg/endpoints/filters/impersonation.go of k8s.io/apiserver, v1.24.17),
// and Group is added. With mke, MKE's group for the namespace is among them, which is nothing that stock Kubernetes would add.
func Fit(r *protocol.Request, mke bool) (fit *protocol.Request, reason string) {
	switch {
	case r.Operation != "CREATE" || r.Resource != protocol.Pods() || r.SubResource != "" || r.Kind != protocol.PodKind():
		return nil, notCreation
	case len(r.Object) == 0:
		return nil, withoutObject
	case !Sayable(r.UserInfo.Username) || !all(r.UserInfo.Groups, Sayable):
		return nil, notSayable
	}
	changed := *r
	changed.Name, changed.ServiceAccountPlugin = "", nil // both are the server's to say
	groups := slices.Clone(r.UserInfo.Groups)
	if mke && slices.Contains(groups, authenticated) && !strings.HasPrefix(r.UserInfo.Username, "system:") {
		groups = with(groups, authenticated+":"+r.Namespace)
	}
	groups = with(groups, Group)
	if !slices.Contains(groups, authenticated) && !slices.Contains(groups, unauthenticated) {
		which := authenticated
		if r.UserInfo.Username == anonymous {
			which = unauthenticated
		}
		groups = append(groups, which)
	}
	changed.UserInfo.Groups = groups
	return &changed, ""
}

func with(groups []string, group string) []string {
	if slices.Contains(groups, group) {
		return groups
	}
	return append(groups, group)
}

// Sayable says whether a header of an impersonation carries the name as it is.
func Sayable(name string) bool {
	return name != "" && strings.TrimSpace(name) == name && httpguts.ValidHeaderFieldValue(name)
}

func all(names []string, good func(string) bool) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !good(name) })
}
