// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"k8s.io/apiserver/pkg/admission"
)

// phase is one call of the plugin.
type phase func(ctx context.Context, a admission.Attributes, o admission.ObjectInterfaces) error

// admit runs the mutating phase. When it allows, it has changed the pod of the request.
func (c *cluster) admit(p *podRequest) *verdict {
	return c.judge(p, c.plugin.(admission.MutationInterface).Admit)
}

// validate runs the validating phase.
func (c *cluster) validate(p *podRequest) *verdict {
	return c.judge(p, c.plugin.(admission.ValidationInterface).Validate)
}

// judge runs a phase. The plugin records an audit annotation whenever it allows a request
// that it has judged, and none for a request that it leaves alone.
func (c *cluster) judge(p *podRequest, run phase) *verdict {
	requester := c.dialect.requester(p.UserInfo, p.Namespace)
	recorded := &auditRecorder{Attributes: p.attributes(requester)}
	err := run(context.Background(), recorded, objectInterfaces())
	v := &verdict{
		Handled:          err != nil || len(recorded.annotations) > 0,
		Allowed:          err == nil,
		AuditAnnotations: recorded.annotations,
	}
	if err != nil {
		v.Message = err.Error()
	}
	for _, policy := range recorded.annotations {
		v.Policy = policy
	}
	return v
}

// auditRecorder keeps the audit annotations that a plugin adds.
type auditRecorder struct {
	admission.Attributes
	annotations map[string]string
}

// AddAnnotation records an annotation that the API server would record.
func (r *auditRecorder) AddAnnotation(key, value string) error {
	if err := r.Attributes.AddAnnotation(key, value); err != nil {
		return err
	}
	if r.annotations == nil {
		r.annotations = map[string]string{}
	}
	r.annotations[key] = value
	return nil
}
