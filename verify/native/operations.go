// SPDX-License-Identifier: Apache-2.0

package main

import (
	"k8s.io/apiserver/pkg/admission"
)

// prepare answers what a webhook would see of the request.
func (s *session) prepare(r *request) (answer, error) {
	p, err := s.preparer.prepare(r)
	if err != nil {
		return answer{}, err
	}
	prepared, err := s.preparer.encodeRequest(p)
	return answer{Request: prepared}, err
}

// admit answers the mutating phase on the object as given.
func (s *session) admit(r *request) (answer, error) {
	p, err := s.preparer.decodeRequest(r)
	if err != nil {
		return answer{}, err
	}
	v, err := s.admitPrepared(p)
	return answer{Admit: v}, err
}

// validate answers the validating phase on the object as given.
func (s *session) validate(r *request) (answer, error) {
	p, err := s.preparer.decodeRequest(r)
	if err != nil {
		return answer{}, err
	}
	return answer{Validate: s.cluster.validate(p)}, nil
}

// review answers everything that happens to a request from its arrival to the verdict of
// the validating phase, which is asked also when something before it has refused.
func (s *session) review(r *request) (answer, error) {
	p, err := s.preparer.prepare(r)
	if err != nil {
		return answer{}, err
	}
	var reply answer
	if reply.Request, err = s.preparer.encodeRequest(p); err != nil {
		return answer{}, err
	}
	if reply.Admit, err = s.admitPrepared(p); err != nil {
		return answer{}, err
	}
	if p.isMain() {
		if reply.Created, err = s.create(p); err != nil {
			return answer{}, err
		}
	}
	reply.Validate = s.cluster.validate(p)
	return reply, nil
}

func (s *session) admitPrepared(p *podRequest) (*verdict, error) {
	v := s.cluster.admit(p)
	if !v.Handled || !v.Allowed {
		return v, nil
	}
	var err error
	v.Object, err = s.preparer.encode(p.pod)
	return v, err
}

// create puts the result of the pod strategy in place of the request's pod. It works on a
// copy because encoded answers share memory with the pod.
func (s *session) create(p *podRequest) (*created, error) {
	var errs []string
	p.pod = p.pod.DeepCopy()
	if p.is(admission.Create) {
		errs = beforeCreate(p.Namespace, p.pod)
		// rest.AdmissionToValidateObjectFunc (k8s.io/apiserver): a generated name is the request's name from here on.
		if p.Name == "" {
			p.Name = p.pod.Name
		}
	} else {
		errs = beforeUpdate(p.Namespace, p.pod, p.oldPod.DeepCopy())
	}
	object, err := s.preparer.encode(p.pod)
	return &created{Object: object, Errors: errs}, err
}
