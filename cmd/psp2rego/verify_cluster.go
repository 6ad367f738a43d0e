// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"

	"psp2rego/bundles/source"
	"psp2rego/translate"
	"psp2rego/translate/manifest"
	"psp2rego/verify"
	"psp2rego/verify/live"
)

// against are the flags that bring in a live API server.
type against struct {
	cluster             bool
	kubeconfig, context string
	rate                float64
	createNamespaces    bool
	exempt              []string
	config              *rest.Config // once it is reached
}

func (a *against) addFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&a.cluster, "against-cluster", false, "ask a live API server")
	flags.StringVar(&a.kubeconfig, "kubeconfig", "", "how to reach it")
	flags.StringVar(&a.context, "context", "", "context of the kubeconfig")
	flags.Float64Var(&a.rate, "rate", live.DefaultRate, "requests per second")
	flags.StringArrayVar(&a.exempt, "exempt-namespace", nil, "namespace that the webhooks leave alone; repeatable")
	flags.BoolVar(&a.createNamespaces, "create-namespaces", false, "make namespaces that cases need")
}

// check refuses flags that contradict each other.
func (a *against) check(o *verifyOptions) error {
	switch {
	case !a.cluster && (a.kubeconfig != "" || a.context != "" || a.rate != live.DefaultRate || a.createNamespaces || len(a.exempt) > 0):
		return errors.New("--kubeconfig, --context, --rate, --create-namespaces and --exempt-namespace are for --against-cluster")
	case !a.cluster:
		return nil
	case !(a.rate > 0):
		return fmt.Errorf("--rate %g: it has to be more than nothing", a.rate)
	case o.generate:
		return errors.New("--against-cluster: the policies are those of the cluster: leave --generate out")
	case o.engine.value == targetGatekeeper:
		return errors.New("--against-cluster compares with a bundle: leave --engine gatekeeper out, or load the template into the cluster")
	}
	return nil
}

// open reaches the API server, and makes options of what it is. The caller closes it.
func (a *against) open(cmd *cobra.Command, o *verifyOptions, options *verify.Options) error {
	config, err := clusterConfig(a.kubeconfig, a.context)
	if err != nil {
		return fmt.Errorf("--against-cluster: %w", err)
	}
	config.WarningHandler = rest.NoWarnings{} // each policy is deprecated
	a.config = config
	server, err := live.Open(cmd.Context(), live.Options{Config: config, Rate: a.rate, CreateNamespaces: a.createNamespaces})
	if err != nil {
		return fmt.Errorf("--against-cluster: %w", err)
	}
	server.Exempt(a.exempt...)
	options.Live, options.LiveCommand = server, a.words()
	options.Shrink = clusterShrink
	if server.Native {
		return nil
	}
	server.Exempt(serverNamespace)
	options.Translate, options.Server = translateFor(server.Minor), ""
	switch version := fmt.Sprintf("1.%d", server.Minor); {
	case server.Minor > translate.NewestServer:
		return fmt.Errorf("--against-cluster: %s is newer than any API server that psp2rego knows, which is 1.%d", server, translate.NewestServer)
	case cmd.Flags().Changed("server-version") && version != o.server.String():
		return fmt.Errorf("--server-version %s: the API server is %s; leave the flag out", o.server.String(), server)
	case len(o.paths) == 0 && o.replay == "":
		return fmt.Errorf("--against-cluster: %s: %w: give the policies that it is to decide by with -f", server, source.ErrNoPolicyAPI)
	}
	return nil
}

// clusterShrink is how much is spent on making a divergence smaller: each trial is a request to the API server.
const clusterShrink = 200

// words lead to the same API server again.
func (a *against) words() []string {
	words := []string{"--against-cluster"}
	if a.kubeconfig != "" {
		words = append(words, "--kubeconfig", a.kubeconfig)
	}
	if a.context != "" {
		words = append(words, "--context", a.context)
	}
	if a.createNamespaces {
		words = append(words, "--create-namespaces")
	}
	for _, name := range a.exempt {
		words = append(words, "--exempt-namespace", name)
	}
	return words
}

// objects are the policies and bindings that the API server decides by: those of the files, and what these leave out, of the cluster.
func (a *against) objects(cmd *cobra.Command, in *input) ([]json.RawMessage, error) {
	var sources []manifest.Source
	if len(in.paths) > 0 {
		files, err := openSources(in.paths, cmd.InOrStdin())
		if err != nil {
			return nil, err
		}
		first, again := rereadable(files)
		cluster, list, err := translate.Load(cmd.Context(), first)
		if err != nil || cluster == nil || len(cluster.Objects) > len(cluster.Policies) {
			return loaded(cmd, cluster, list, err)
		}
		sources = again()
	}
	stored, err := source.Snapshot(cmd.Context(), a.config, len(in.paths) == 0)
	if err != nil {
		return nil, fmt.Errorf("--against-cluster: %w", err)
	}
	cluster, list, err := translate.Load(cmd.Context(), append(sources, stored...))
	return loaded(cmd, cluster, list, err)
}

// close removes what was made in the cluster, also after an interrupt.
func (a *against) close(ctx context.Context, server *live.Server) error {
	if err := server.Close(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("--create-namespaces: %w", err)
	}
	return nil
}
