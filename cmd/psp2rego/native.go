// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"psp2rego/translate"
	"psp2rego/verify"
	"psp2rego/verify/protocol"
)

// nativeVersion is the Kubernetes whose decisions psp2rego promises.
const nativeVersion = "v1.24.17"

const nativeName = "psp2rego-native"

// errNoNative says that there is no evaluator, and how to get one.
var errNoNative = errors.New("the evaluator with the real admission plugin is missing: build it with `make build`, " +
	"and name it with --native or PSP2REGO_NATIVE, or put it beside psp2rego as " + nativeName)

// findNative gives the path of the evaluator: the flag, else the environment, else beside this program. What was named
// has to exist; an evaluator that was not named may be absent, which is errNoNative.
func findNative(flag string) (string, error) {
	if named := cmp.Or(flag, os.Getenv("PSP2REGO_NATIVE")); named != "" {
		if _, err := os.Stat(named); err != nil {
			return "", fmt.Errorf("native evaluator: %w", err)
		}
		return filepath.Abs(named)
	}
	self, err := os.Executable()
	if err != nil {
		return "", errNoNative
	}
	path := filepath.Join(filepath.Dir(self), nativeName)
	if _, err := os.Stat(path); err != nil {
		return "", errNoNative
	}
	return path, nil
}

func nativeCommand(path string) verify.NativeCommand {
	return verify.NativeCommand{Path: path, Version: nativeVersion}
}

// startNative starts the evaluator with the cluster's objects, or gives nil if there is none.
func (o *explainOptions) startNative(ctx context.Context, cluster *translate.Cluster) (*verify.Native, error) {
	path, err := findNative(o.native)
	if errors.Is(err, errNoNative) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	native, err := verify.StartNative(ctx, nativeCommand(path))
	if err != nil {
		return nil, err
	}
	if err := native.Load(protocol.Cluster{Dialect: o.dialect.value, Objects: cluster.Objects}, "cluster"); err != nil {
		return nil, errors.Join(err, native.Close())
	}
	return native, nil
}
