// SPDX-License-Identifier: Apache-2.0

package main

import "runtime/debug"

const gatekeeperModule = "github.com/open-policy-agent/gatekeeper/v3"

// gatekeeperVersion is the version of the Gatekeeper module this binary is linked with.
func gatekeeperVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range info.Deps {
		if module.Path == gatekeeperModule {
			return module.Version
		}
	}
	return "unknown"
}
