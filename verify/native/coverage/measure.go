// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

const module = "k8s.io/kubernetes/"

// packages are those that decide: the plugin, what it judges pods by, and who may use a policy.
func packages() []string {
	return []string{
		module + "plugin/pkg/admission/security/podsecuritypolicy",
		module + "pkg/security/podsecuritypolicy/...",
		module + "plugin/pkg/auth/authorizer/rbac",
		module + "pkg/registry/rbac/validation",
	}
}

// measure returns the path of a profile below dir.
func measure(ctx context.Context, o options, dir string, log io.Writer) (string, error) {
	native, counters := filepath.Join(dir, "psp2rego-native"), filepath.Join(dir, "counters")
	if err := os.Mkdir(counters, 0o755); err != nil {
		return "", err
	}
	fmt.Fprintln(log, "building the evaluator with coverage")
	// Without the main package among those that are covered, nothing is written when it ends.
	covered := append([]string{"psp2rego/verify/native"}, packages()...)
	if err := tool(ctx, nil, "go", "build", "-cover", "-trimpath", "-coverpkg="+strings.Join(covered, ","), "-o", native, "."); err != nil {
		return "", err
	}
	logging, err := loggingEvaluator(dir, native)
	if err != nil {
		return "", err
	}
	runs, err := verifyRuns(o, native, logging)
	if err != nil {
		return "", err
	}
	for i, args := range runs {
		if i < 3 {
			fmt.Fprintln(log, "psp2rego", strings.Join(args, " "))
		}
		if err := tool(ctx, []string{"GOCOVERDIR=" + counters}, filepath.Join(o.root, "bin/psp2rego"), args...); err != nil {
			return "", err
		}
	}
	profile := filepath.Join(dir, "profile")
	return profile, tool(ctx, nil, "go", "tool", "covdata", "textfmt", "-i="+counters, "-o="+profile)
}

// verifyRuns are the arguments of psp2rego: generated cases, the MKE scenario, and each case of the
// corpus. The latter are judged by an evaluator that writes its log, so that what only makes log
// lines is executed, too.
func verifyRuns(o options, native, logging string) ([][]string, error) {
	seed := strconv.FormatUint(o.seed, 10)
	runs := [][]string{
		{"verify", "--generate", "--cases", strconv.FormatUint(o.cases, 10), "--seed", seed, "--native", native},
		{"verify", "-f", filepath.Join(o.root, "testdata/mke"), "--dialect", "mke", "--cases", "2000", "--seed", seed, "--native", native},
	}
	corpus, err := filepath.Glob(filepath.Join(o.root, "testdata/corpus/*.txtar"))
	if err != nil {
		return nil, err
	}
	if len(corpus) == 0 {
		return nil, fmt.Errorf("no corpus below %s: name the root of the repository with --root", o.root)
	}
	for _, file := range corpus {
		runs = append(runs, []string{"verify", "--replay", file, "--native", logging})
	}
	return runs, nil
}

// loggingEvaluator is the path of a script that starts the evaluator with its most verbose log.
func loggingEvaluator(dir, native string) (string, error) {
	path := filepath.Join(dir, "psp2rego-native-logging")
	return path, os.WriteFile(path, []byte("#!/bin/sh\nexec '"+native+"' --v 10 2>/dev/null\n"), 0o700)
}

// tool runs a command to its end. What it prints is part of the error, if there is one.
func tool(ctx context.Context, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return fmt.Errorf("%s %s: %w:\n%s", name, strings.Join(args, " "), err, out.Bytes())
	}
	return err
}
