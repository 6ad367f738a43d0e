// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"psp2rego/translate"
	"psp2rego/verify"
)

type explainOptions struct {
	input
	pod, user, namespace, native string
	groups                       []string
}

func newExplainCommand() *cobra.Command {
	o := &explainOptions{}
	cmd := &cobra.Command{
		Use:  "explain",
		Long: explainHelp,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	o.addFlags(cmd)
	cmd.Flags().StringVar(&o.pod, "pod", "", "file with the pod or workload, or -")
	cmd.Flags().StringVar(&o.user, "as", "", "user who creates it")
	cmd.Flags().StringArrayVar(&o.groups, "as-group", nil, "group of that user; repeatable")
	cmd.Flags().StringVarP(&o.namespace, "namespace", "n", "", "namespace to create it in")
	cmd.Flags().StringVar(&o.native, "native", "", "evaluator with the real admission plugin")
	return cmd
}

func (o *explainOptions) run(cmd *cobra.Command) error {
	ctx := cmd.Context()
	if o.pod == "" {
		return errors.New("no pod to explain: name a file with --pod")
	}
	workloads, err := o.readWorkloads(cmd.InOrStdin())
	if err != nil {
		return err
	}
	cluster, err := o.load(cmd)
	if err != nil {
		return err
	}
	engine, err := o.engine(ctx, cluster)
	if err != nil {
		return err
	}
	native, err := o.startNative(ctx, cluster)
	if err != nil {
		return err
	}
	if native != nil {
		defer native.Close()
	}

	var out bytes.Buffer
	found := false
	for i, w := range workloads {
		if i > 0 {
			out.WriteString("\n")
		}
		finding, err := o.explain(ctx, &out, w, engine, native)
		if err != nil {
			return err
		}
		found = found || finding
	}
	if _, err := cmd.OutOrStdout().Write(out.Bytes()); err != nil {
		return err
	}
	if found {
		return errFinding
	}
	return nil
}

// engine loads the bytes of the bundle that translate would write.
func (o *explainOptions) engine(ctx context.Context, cluster *translate.Cluster) (*verify.OPA, error) {
	bundle, err := build(ctx, cluster, o.options(), false)
	if err != nil {
		return nil, err
	}
	tarball, err := bundle.Tarball()
	if err != nil {
		return nil, err
	}
	return verify.LoadBundle(ctx, tarball)
}

const explainHelp = `Say which policy judges a pod, through which binding, and what it changes or refuses.

Reads PodSecurityPolicies and RBAC (-f) and a file with pods or workloads (--pod): Pod, Deployment,
StatefulSet, DaemonSet, ReplicaSet, Job, CronJob. The pod of a workload is judged as its controller
would create it. The bundle that translate would write decides; beside it stands what the real
admission plugin says, if psp2rego-native is found. Writes nothing.

Usage:  psp2rego explain -f PATH... --pod FILE [flags]

Input:
  -f, --filename PATH             file, folder or - (standard input); repeatable
      --dialect kubernetes|mke    whose group names to follow (kubernetes)
      --server-version 1.N        the API server that will ask (1.37)
      --pod FILE                  what to explain; - is standard input
Requester:
      --as USER                   who creates it (a bare pod: any authenticated user; else the controller)
      --as-group GROUP            group of that user; repeatable. As in an API server's impersonation,
                                  system:authenticated is added, and to a service account its groups
  -n, --namespace NS              where it is created (the object's own, else default)
Comparison:
      --native PATH               the evaluator ($PSP2REGO_NATIVE, else psp2rego-native beside psp2rego)

Exit codes:  0 allowed   1 refused, or the plugin decides otherwise   2 could not read or decide

  # may jeff create this pod?
  psp2rego explain -f cluster/ --pod pod.yaml --as jeff -n default
  # will this Deployment's pods come up?
  psp2rego explain -f cluster/ --pod deployment.yaml
  # as a service account would create it
  psp2rego explain -f cluster/ --pod pod.yaml --as system:serviceaccount:ci:builder
`
