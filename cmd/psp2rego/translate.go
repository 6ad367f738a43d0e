// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"psp2rego/bundles/opa"
)

type translateOptions struct {
	input
	targetOptions
	output                      string
	force, report, warnDefaults bool
	tests                       int
	native                      string
}

func newTranslateCommand() *cobra.Command {
	o := &translateOptions{}
	cmd := &cobra.Command{
		Use:  "translate",
		Long: translateHelp,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	o.input.addFlags(cmd)
	o.targetOptions.addFlags(cmd.Flags())
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "folder or .tar.gz to write, - for standard output")
	cmd.Flags().BoolVar(&o.force, "force", false, "overwrite files that were edited by hand")
	cmd.Flags().IntVar(&o.tests, "tests", 0, "cases for each policy to record as tests")
	cmd.Flags().StringVar(&o.native, "native", "", "evaluator with the real admission plugin")
	cmd.Flags().BoolVar(&o.report, "report", false, "print a table of the policies")
	cmd.Flags().BoolVar(&o.warnDefaults, "warn-defaults", false, "warn of what a policy fills in")
	return cmd
}

func (o *translateOptions) run(cmd *cobra.Command) error {
	switch {
	case o.output == "":
		return errors.New("nowhere to write: name a folder or a .tar.gz with -o (- is standard output)")
	case o.output == "-" && o.report:
		return errors.New("--report and -o - both write to standard output")
	}
	if err := errors.Join(o.checkTarget(cmd.Flags()), o.checkPlace(), o.checkTests()); err != nil {
		return err
	}
	cluster, err := o.load(cmd)
	if err != nil {
		return err
	}
	bundle, err := o.build(cmd, cluster)
	if err != nil {
		return err
	}
	if err := o.write(cmd, bundle); err != nil {
		return err
	}
	if !o.report {
		return nil
	}
	err = writeReport(cmd.OutOrStdout(), cluster)
	if err == nil && o.target.value == targetGatekeeper {
		err = reportMutation(cmd.OutOrStdout(), cluster, situation(o.options(), o.gatekeeper()))
	}
	return err
}

// checkPlace refuses a bundle inside a folder that is read: its data files would be input the next time.
func (o *translateOptions) checkPlace() error {
	if o.output == "-" || isTarball(o.output) {
		return nil
	}
	output, err := filepath.Abs(o.output)
	if err != nil {
		return err
	}
	for _, name := range o.paths {
		folder, err := filepath.Abs(name)
		if err != nil {
			return err
		}
		if relative, err := filepath.Rel(folder, output); err == nil && filepath.IsLocal(relative) {
			return fmt.Errorf("-o %s lies in -f %s, which would read it the next time; choose a place outside", o.output, name)
		}
	}
	return nil
}

func isTarball(name string) bool { return strings.HasSuffix(name, ".tar.gz") }

func (o *translateOptions) write(cmd *cobra.Command, bundle *opa.Bundle) error {
	var err error
	switch {
	case o.output == "-":
		return bundle.WriteTarball(cmd.OutOrStdout())
	case isTarball(o.output):
		err = bundle.WriteFile(cmd.Context(), o.output, o.force)
	default:
		err = bundle.WriteDir(cmd.Context(), o.output, o.force)
	}
	return showConflict(cmd, err)
}

// showConflict shows what would have been lost if the bundle had been written.
func showConflict(cmd *cobra.Command, err error) error {
	var conflict *opa.ConflictError
	if errors.As(err, &conflict) {
		if _, writeErr := cmd.ErrOrStderr().Write(conflict.Diff()); writeErr != nil {
			return writeErr
		}
		return fmt.Errorf("%w; nothing was written, --force overwrites", err)
	}
	return err
}

const translateHelp = `Write an OPA bundle, or objects for Gatekeeper, that decide pods as the given PodSecurityPolicies and RBAC do.

Reads PodSecurityPolicies (policy/v1beta1, extensions/v1beta1) and RBAC roles and bindings, as YAML or
JSON. Writes one Rego module per policy, the library they use, and who may use which policy as data.
The same input gives the same bytes. Says nothing when all is well.

Usage:  psp2rego translate -f PATH... -o DIR|FILE.tar.gz [flags]

Input:
  -f, --filename PATH             file, folder or - (standard input); repeatable
      --dialect kubernetes|mke    whose group names to follow (kubernetes)
      --server-version 1.N        the API server that will ask (1.37)
Output:
      --target opa|gatekeeper     what enforces (opa)
      --enforcement-action deny|dryrun|warn|scoped  what a violation leads to; scoped denies and is not audited (deny)
      --rbac snapshot|live        whether grants are written down, or Gatekeeper reads the cluster's own (snapshot)
      --rego-v0                   write modules for Gatekeeper before 3.19
  -o, --output DIR|FILE.tar.gz    what to write; - is a tarball on standard output
      --force                     overwrite files that were edited by hand
      --report                    print a table: each policy, who may use it, what it fills in
      --warn-defaults             have OPA warn whoever creates a pod of each field that the policy filled in
      --tests N                   record up to N cases for each policy from the real plugin, for opa test or gator (0)
      --native PATH               the evaluator to record from ($PSP2REGO_NATIVE, else psp2rego-native beside psp2rego)

A folder is replaced in one step: nothing is half written, and modules whose policy is gone are removed.
Files edited, added or deleted by hand since then are shown as a diff and kept, unless --force is given.

Exit codes:  0 written   1 input cannot be translated   2 could not read or write

  # one cluster's dump to a folder that a person will own
  psp2rego translate -f psp.yaml -f rbac.yaml -o bundle
  # straight from a cluster to a tarball that OPA downloads
  kubectl get psp,clusterroles,clusterrolebindings,roles,rolebindings -A -o json |
    psp2rego translate -f - -o bundle.tar.gz
  # see what each policy is for, with tests for whoever edits the policies: cd bundle && opa test --bundle .
  psp2rego translate -f cluster/ -o bundle --report --tests 20
  # a Mirantis Kubernetes Engine cluster, which has a group for each namespace
  psp2rego translate -f cluster/ -o bundle --dialect mke
  # one template and one constraint of Gatekeeper, which validate
  psp2rego translate -f cluster/ -o gatekeeper --target gatekeeper --report
`
