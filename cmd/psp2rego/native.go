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

const nativeName, gatekeeperName = "psp2rego-native", "psp2rego-gatekeeper"

// errNoNative says that there is no evaluator, and how to get one.
var errNoNative = errors.New("the evaluator with the real admission plugin is missing: build it with `make build`, " +
	"and name it with --native or PSP2REGO_NATIVE, or put it beside psp2rego as " + nativeName)

var errNoGatekeeper = errors.New("the evaluator with Gatekeeper is missing: build it with `make gatekeeper`, " +
	"and name it with --gatekeeper or PSP2REGO_GATEKEEPER, or put it beside psp2rego as " + gatekeeperName)

// findNative gives the path of the evaluator that runs the real plugin; see findEvaluator.
func findNative(flag string) (string, error) {
	return findEvaluator("native evaluator", cmp.Or(flag, os.Getenv("PSP2REGO_NATIVE")), nativeName, errNoNative)
}

// findGatekeeper gives the path of the evaluator that runs Gatekeeper; see findEvaluator.
func findGatekeeper(flag string) (string, error) {
	return findEvaluator("Gatekeeper evaluator", cmp.Or(flag, os.Getenv("PSP2REGO_GATEKEEPER")), gatekeeperName, errNoGatekeeper)
}

// findEvaluator gives the path of an evaluator: what was named, else the file of that name beside this program. What was
// named has to exist; an evaluator that was not named may be absent, which is the error none.
func findEvaluator(what, named, file string, none error) (string, error) {
	if named != "" {
		if _, err := os.Stat(named); err != nil {
			return "", fmt.Errorf("%s: %w", what, err)
		}
		return filepath.Abs(named)
	}
	self, err := os.Executable()
	if err != nil {
		return "", none
	}
	path := filepath.Join(filepath.Dir(self), file)
	if _, err := os.Stat(path); err != nil {
		return "", none
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
