// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/spf13/cobra"

	"psp2rego/bundles/opa"
	"psp2rego/bundles/server"
	"psp2rego/bundles/source"
	"psp2rego/rego"
)

type serveOptions struct {
	input
	fromCluster            bool
	kubeconfig, context    string
	listen                 string
	certificates           server.Certificates
	tokenFile              string
	deltas, warnDefaults   bool
	key                    keyFlags
	logFormat, logSeverity *choice
}

func newBundleServeCommand() *cobra.Command {
	o := &serveOptions{logFormat: newChoice("text", "json"), logSeverity: newChoice("info", "debug", "warn", "error")}
	cmd := &cobra.Command{
		Use:  "serve",
		Long: serveHelp,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	o.addFlags(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&o.fromCluster, "from-cluster", false, "read a live API server")
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "how to reach it")
	flags.StringVar(&o.context, "context", "", "context of the kubeconfig")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8282", "address to listen on")
	flags.StringVar(&o.certificates.Certificate, "tls-cert", "", "certificate of the server, PEM")
	flags.StringVar(&o.certificates.Key, "tls-key", "", "its key, PEM")
	flags.StringVar(&o.certificates.ClientCA, "tls-client-ca", "", "authorities of client certificates, PEM")
	flags.StringVar(&o.tokenFile, "token-file", "", "file with the bearer token")
	flags.BoolVar(&o.deltas, "deltas", false, "send changed grants as delta bundles")
	flags.BoolVar(&o.warnDefaults, "warn-defaults", false, "warn of what a policy fills in")
	o.key.addFlags(flags, "signing-key", opa.DefaultKeyID)
	flags.Var(o.logFormat, "log-format", "form of the log")
	flags.Var(o.logSeverity, "log-level", "what is logged")
	return cmd
}

func (o *serveOptions) run(cmd *cobra.Command) error {
	log := o.logger(cmd.ErrOrStderr())
	follow, stale, err := o.source(log)
	if err != nil {
		return err
	}
	secure, err := o.secure(log)
	if err != nil {
		return err
	}
	token, err := o.token()
	if err != nil {
		return err
	}
	sign, err := o.signer()
	if err != nil {
		return err
	}
	s := server.New(server.Options{
		Deltas: o.deltas, Token: token, ClientCertificate: o.certificates.ClientCA != "", Sign: sign, Stale: stale, Log: log,
	})
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	log.Info("listening", "address", listener.Addr().String(), "tls", secure != nil, "bundle", server.Path)

	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	followed := make(chan error, 1)
	go func() {
		defer cancel() // what cannot go on need not be served
		p := &publisher{ctx: ctx, server: s, log: log, fromFiles: !o.fromCluster, stderr: cmd.ErrOrStderr()}
		meta := metaOf(o.options())
		meta.WarnDefaults = o.warnDefaults
		builder := source.NewBuilder(rego.Files, meta)
		followed <- follow(ctx, builder, p.publish)
	}()
	err = s.Serve(ctx, listener, secure)
	cancel()
	return errors.Join(<-followed, err)
}

// follower is what a source does.
type follower func(context.Context, *source.Builder, func(source.Result) error) error

// source is what is served, and how long it may have been out of reach.
func (o *serveOptions) source(log *slog.Logger) (follower, staleness, error) {
	var files *source.Files
	if len(o.paths) > 0 || !o.fromCluster {
		if _, err := openSources(o.paths, nil); err != nil {
			return nil, nil, err
		}
		for _, path := range o.paths {
			if path == "-" {
				return nil, nil, errors.New("-f -: standard input cannot be watched; name files or folders")
			}
		}
		files = &source.Files{Paths: o.paths, Open: openSource, Log: log}
	}
	if !o.fromCluster {
		if o.kubeconfig != "" || o.context != "" {
			return nil, nil, errors.New("--kubeconfig and --context are for --from-cluster")
		}
		return files.Run, nil, nil
	}
	config, err := reach(o.kubeconfig, o.context, log)
	if err != nil {
		return nil, nil, err
	}
	cluster := source.NewCluster(config, source.ClusterOptions{Policies: files, Log: log})
	return cluster.Run, cluster.Stale, nil
}

// secure is the TLS configuration; nil if there is to be none.
func (o *serveOptions) secure(log *slog.Logger) (*tls.Config, error) {
	host, _, err := net.SplitHostPort(o.listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if o.certificates != (server.Certificates{}) {
		return o.certificates.Config(log)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil, nil
	}
	if o.tokenFile != "" {
		return nil, fmt.Errorf("--token-file without --tls-cert would send the token over the network as it is; give a certificate, or listen on 127.0.0.1")
	}
	log.Warn("whoever can reach this address can read the bundle, and on the way to OPA change it; see --tls-cert", "address", o.listen)
	return nil, nil
}

const serveHelp = `Serve a bundle to OPA, and publish a new revision whenever its input changes.

Speaks OPA's bundle protocol at /bundles/psp: ETags, long polling, delta bundles. Reads -f again when a
file changes; a broken edit is logged, and the last good revision stays. With --from-cluster, bindings,
and policies unless -f holds them, come from a live API server; while it is away, what it said last stays.
Beside it are /health, /ready (/ready?current) and /metrics. SIGTERM ends it once requests are answered.

Usage:  psp2rego bundle serve -f PATH... [flags]
        psp2rego bundle serve --from-cluster [-f PATH...] [flags]

Input:
  -f, --filename PATH             file or folder; repeatable
      --dialect kubernetes|mke    whose group names to follow (kubernetes)
      --server-version 1.N        the API server that will ask (1.37)
      --warn-defaults             answers warn of what a policy fills in
      --from-cluster              follow a live API server; -f then holds policies alone
      --kubeconfig FILE           how to reach it (KUBECONFIG, ~/.kube/config, or the pod's own account)
      --context NAME              context of the kubeconfig
Serving:
      --listen ADDRESS            where to listen, and nowhere else (127.0.0.1:8282)
      --tls-cert FILE             certificate, read again for each connection
      --tls-key FILE              its key
      --tls-client-ca FILE        demand client certificates of these authorities
      --token-file FILE           demand this bearer token
      --signing-key FILE          sign by this private key, RSA or P-256 ($PSP2REGO_SIGNING_KEY, the key itself)
      --key-id ID                 the name by which OPA knows the public key (default)
      --scope TEXT                what the signature is for; OPA has to be configured with the same
      --deltas                    send changed grants as delta bundles; OPA has gaps while it activates them
Log, on standard error:
      --log-format text|json      (text)
      --log-level LEVEL           info, debug, warn or error (info)

Exit codes:  0 ended by SIGTERM or an interrupt   1 input cannot be translated at the start   2 cannot serve

  # serve a folder to an OPA on the same machine
  psp2rego bundle serve -f cluster/
  # bindings from the cluster that this pod runs in, policies from a ConfigMap
  psp2rego bundle serve --from-cluster -f /etc/psp --listen :8443 --tls-cert tls.crt --tls-key tls.key
`
