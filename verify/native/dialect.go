// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"k8s.io/apiserver/pkg/authentication/user"
)

// dialect says which groups a requester is a member of.
type dialect string

const (
	// dialectKubernetes takes the groups of the request as they are.
	dialectKubernetes dialect = "kubernetes"
	// dialectMKE adds the group system:authenticated:N to a requester in namespace N who
	// is in system:authenticated and whose name does not start with "system:".
	dialectMKE dialect = "mke"
)

func parseDialect(name string) (dialect, error) {
	switch d := dialect(name); d {
	case dialectKubernetes, dialectMKE:
		return d, nil
	case "":
		return dialectKubernetes, nil
	}
	return "", usageFault("cluster: unknown dialect %q", name)
}

// requester is the user of a request in namespace, nil when the request names none.
func (d dialect) requester(info *userInfo, namespace string) user.Info {
	if info == nil {
		return nil
	}
	groups := info.Groups
	if d == dialectMKE && !strings.HasPrefix(info.Username, "system:") {
		for _, group := range info.Groups {
			if group == user.AllAuthenticated {
				groups = append(append([]string{}, groups...), user.AllAuthenticated+":"+namespace)
				break
			}
		}
	}
	return &user.DefaultInfo{Name: info.Username, Groups: groups}
}
