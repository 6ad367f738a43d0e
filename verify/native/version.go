// SPDX-License-Identifier: Apache-2.0

package main

import "runtime/debug"

const kubernetesModule = "k8s.io/kubernetes"

// kubernetesVersion is the version of the Kubernetes module this binary is linked with.
func kubernetesVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range info.Deps {
		if module.Path == kubernetesModule {
			return module.Version
		}
	}
	return "unknown"
}
