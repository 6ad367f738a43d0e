// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"psp2rego/bundles/gatekeeper"
	"psp2rego/bundles/opa"
	"psp2rego/rego"
	"psp2rego/translate"
	"psp2rego/verify"
)

const targetOPA, targetGatekeeper = "opa", "gatekeeper"

// rbacSnapshot has grants written down, and rbacLive has Gatekeeper read them from the cluster.
const rbacSnapshot, rbacLive = "snapshot", "live"

// targetOptions say what to write: a bundle for OPA, or objects for Gatekeeper, and which.
type targetOptions struct {
	target, action, rbac *choice
	regoV0               bool
}

func (o *targetOptions) addFlags(flags *pflag.FlagSet) {
	o.target = newChoice(targetOPA, targetGatekeeper)
	o.action = newChoice(gatekeeper.EnforcementActions()...)
	flags.Var(o.target, "target", "what enforces")
	flags.Var(o.action, "enforcement-action", "what a violation leads to in Gatekeeper")
	o.rbac = newChoice(rbacSnapshot, rbacLive)
	flags.Var(o.rbac, "rbac", "where Gatekeeper's template has the grants from")
	flags.BoolVar(&o.regoV0, "rego-v0", false, "write modules for Gatekeeper before 3.19")
}

// checkTarget refuses flags of the other target.
func (o *translateOptions) checkTarget(flags *pflag.FlagSet) error {
	if o.target.value == targetOPA {
		for _, name := range []string{"enforcement-action", "rbac", "rego-v0"} {
			if flags.Changed(name) {
				return fmt.Errorf("--%s is for Gatekeeper: give --target %s, too", name, targetGatekeeper)
			}
		}
		return nil
	}
	switch {
	case o.output == "-" || isTarball(o.output):
		return fmt.Errorf("--target %s writes a folder: name one with -o", targetGatekeeper)
	case o.tests > 0 && o.rbac.value == rbacLive:
		return errors.New("--tests are about the grants as they were translated, and --rbac live has none: translate with --rbac snapshot for them; the policies are the same modules")
	case o.warnDefaults:
		return errors.New("--warn-defaults is for OPA, which fills in defaults; Gatekeeper's violations tell in their details which are missing")
	}
	return nil
}

func (o *translateOptions) gatekeeper() gatekeeper.Options {
	return gatekeeper.Options{EnforcementAction: o.action.value, RegoV0: o.regoV0, LiveRBAC: o.rbac.value == rbacLive}
}

// buildGatekeeper compiles a cluster and puts the result into objects for Gatekeeper.
func buildGatekeeper(
	ctx context.Context, cluster *translate.Cluster, options translate.Options, how gatekeeper.Options,
) (*opa.Bundle, error) {
	out, err := translate.Compile(ctx, cluster, options)
	if err != nil {
		return nil, fmt.Errorf("translate: %w", err)
	}
	how.Mutations = gatekeeper.Mutations(cluster, situation(options, how))
	folder, err := gatekeeper.Build(rego.Files, rego.Gatekeeper, out, metaOf(options), how)
	if err != nil {
		return nil, fmt.Errorf("gatekeeper: %w", err)
	}
	return folder, nil
}

// translateForEngine has objects translated for Gatekeeper, if that is the engine.
func (o *verifyOptions) translateForEngine(options *verify.Options) (err error) {
	if o.engine.value == targetOPA {
		return nil
	}
	how := gatekeeper.Options{LiveRBAC: o.rbac.value == rbacLive}
	options.Constraints, options.LiveRBAC, options.Translate = true, how.LiveRBAC, constraintsFor(o.server.minor, how)
	options.Gatekeeper.Path, err = findGatekeeper(o.gatekeeper)
	return err
}

// constraintsFor makes a template, its constraint, its mutators and what has to be synced for it of given or generated objects, for an API server.
func constraintsFor(minor int, how gatekeeper.Options) verify.Translate {
	return func(ctx context.Context, objects []json.RawMessage, dialect string) ([]byte, error) {
		cluster, err := opa.ClusterOf(ctx, objects)
		if err != nil {
			return nil, err
		}
		options := translate.Options{Dialect: dialect, ServerVersion: minor, Version: toolVersion()}
		folder, err := buildGatekeeper(ctx, cluster, options, how)
		if err != nil {
			return nil, err
		}
		var text []byte
		for _, f := range folder.Files {
			if slices.Contains([]string{gatekeeper.TemplateFile, gatekeeper.ConstraintFile, gatekeeper.SyncSetFile, gatekeeper.MutatorsFile}, f.Path) {
				text = append(append(text, "---\n"...), f.Data...)
			}
		}
		return text, nil
	}
}
