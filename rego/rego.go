// SPDX-License-Identifier: Apache-2.0

// Package rego is the Rego library that every bundle carries: one package for each check of a PodSecurityPolicy, the facts about
// the pod and the requester, the choice among policies, and the entry points for OPA.
package rego

import "embed"

// Files holds the library's modules and their tests under the paths that they have in a bundle: lib/psp/<check>/<check>.rego,
// psp/<entry point>.rego and system/main/main.rego.
//
//go:embed lib psp system
var Files embed.FS

// Gatekeeper holds the module that a ConstraintTemplate asks, and its tests: gatekeeper/gatekeeper.rego. It imports modules of Files.
//
//go:embed gatekeeper
var Gatekeeper embed.FS
