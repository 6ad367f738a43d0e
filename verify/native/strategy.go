// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	api "k8s.io/kubernetes/pkg/apis/core"
	podregistry "k8s.io/kubernetes/pkg/registry/core/pod"
)

// beforeCreate does to an admitted pod what the registry does before it asks the
// validating phase (k8s.io/apiserver, pkg/registry/rest/create.go: BeforeCreate), and
// returns what API validation objects to. A name is generated without randomness;
// uid and creationTimestamp, which are random and now, are cleared.
func beforeCreate(namespace string, pod *api.Pod) []string {
	if pod.Name == "" && pod.GenerateName != "" {
		pod.Name = fixedName(pod.GenerateName)
	}
	ctx := genericapirequest.WithNamespace(context.Background(), namespace)
	err := rest.BeforeCreate(podregistry.Strategy, ctx, pod)
	pod.UID, pod.CreationTimestamp = "", metav1.Time{}
	return validationErrors(err)
}

// beforeUpdate is the same for an update. A resourceVersion left out is the stored one
// (k8s.io/apiserver, pkg/registry/generic/registry/store.go: Update).
func beforeUpdate(namespace string, pod, old *api.Pod) []string {
	if pod.ResourceVersion == "" {
		pod.ResourceVersion = old.ResourceVersion
	}
	ctx := genericapirequest.WithNamespace(context.Background(), namespace)
	return validationErrors(rest.BeforeUpdate(podregistry.Strategy, ctx, pod, old))
}

// validationErrors lists the field errors of an "invalid" status, or the error as it is.
func validationErrors(err error) []string {
	list := []string{}
	if err == nil {
		return list
	}
	var status apierrors.APIStatus
	if !apierrors.IsInvalid(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return append(list, err.Error())
	}
	for _, cause := range status.Status().Details.Causes {
		list = append(list, repeatable(cause.Field+": "+cause.Message))
	}
	return list
}

// repeatable takes out of an error what would differ from run to run: pointers, and the
// lines after the first, which are a diff whose form go-cmp makes random on purpose.
func repeatable(message string) string {
	first, _, _ := strings.Cut(message, "\n")
	return address.ReplaceAllString(first, "(0x0)")
}

// address matches a pointer in a Go-syntax value, such as (*bool)(0xc000123456).
var address = regexp.MustCompile(`\(0x[0-9a-f]{4,16}\)`)
