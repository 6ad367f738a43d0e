// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package opa

// exchange puts staged in target's place by two renames.
func exchange(staged, target, old string) error { return exchangeByRenames(staged, target, old) }
