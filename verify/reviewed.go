// SPDX-License-Identifier: Apache-2.0

package verify

import "psp2rego/verify/protocol"

// LosesDigits says whether Gatekeeper sees a request otherwise than it is: it takes numbers for floating point.
func LosesDigits(request *protocol.Request) bool { return floatingNumbers().Matches(request) }

// Created is what the validating phase of the bundle is asked about a pod that its mutating phase allowed: the pod that it left, as its API server makes it.
func (o *OPA) Created(asked *protocol.Request, ours *Verdict) (*protocol.Request, error) {
	created := *asked
	created.Object = ours.Object
	if !o.server.Newer() {
		return &created, nil
	}
	var err error
	created.Object, err = o.server.Create(ours.Object)
	return &created, err
}
