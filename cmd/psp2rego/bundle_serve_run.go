// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"psp2rego/bundles/opa"
	"psp2rego/bundles/server"
	"psp2rego/bundles/source"
	"psp2rego/translate/diagnostic"
)

// staleness is for how long a source has been out of reach, and an error if that is too long.
type staleness = func() (time.Duration, error)

// publisher takes what a source makes to the server and to the log.
type publisher struct {
	ctx       context.Context
	server    *server.Server
	log       *slog.Logger
	stderr    io.Writer
	fromFiles bool
	published bool
	told      string // the diagnostics from before
}

// publish serves a result. Files that cannot be used from the start end the command as they end every other; from a cluster,
// and later, a mistake is something to wait out.
func (p *publisher) publish(r source.Result) error {
	if r.Err != nil && p.fromFiles && !p.published {
		if err := printDiagnostics(p.stderr, r.Diagnostics); err != nil {
			return err
		}
		var input *source.InputError
		if errors.As(r.Err, &input) {
			return errFinding
		}
		return r.Err
	}
	p.tell(r.Diagnostics)
	failed := r.Err
	if r.Bundle != nil {
		changed, err := p.server.Publish(p.ctx, r.Bundle)
		failed = errors.Join(failed, err)
		p.published = p.published || err == nil
		p.log.Debug("translated", "policies", r.Policies, "changed", changed, "took", r.Took.Round(time.Millisecond).String())
	}
	if failed != nil {
		p.server.Fail(failed)
	}
	return nil
}

// signer signs what is served; nil if there is no key.
func (o *serveOptions) signer() (func(context.Context, []byte) ([]byte, error), error) {
	key, err := o.key.signing()
	if err != nil || key == nil {
		return nil, err
	}
	if o.deltas {
		return nil, errors.New("--deltas and a signing key exclude each other: OPA takes no signed delta bundles")
	}
	return func(_ context.Context, tarball []byte) ([]byte, error) { return opa.Sign(tarball, *key) }, nil
}

// tell logs diagnostics, unless the last result had the same.
func (p *publisher) tell(list diagnostic.List) {
	text := list.String()
	if text == p.told {
		return
	}
	p.told = text
	for _, d := range list {
		level := slog.LevelInfo
		switch d.Severity {
		case diagnostic.Error:
			level = slog.LevelError
		case diagnostic.Warning:
			level = slog.LevelWarn
		}
		p.log.Log(p.ctx, level, "diagnostic", "at", d.Pos.String(), "field", d.Field, "message", d.Message, "hint", d.Hint, "code", d.Code)
	}
}

// logger writes as the flags say. The Kubernetes client logs there, too.
func (o *serveOptions) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logSeverity.value)); err != nil {
		panic("the flag takes levels alone: " + err.Error())
	}
	options := &slog.HandlerOptions{Level: level}
	log := slog.New(slog.NewTextHandler(w, options))
	if o.logFormat.value == "json" {
		log = slog.New(slog.NewJSONHandler(w, options))
	}
	klog.SetSlogLogger(log)
	return log
}

// token reads the bearer token, now to see that there is one, and then for each request; nil if there is none to demand.
func (o *serveOptions) token() (func() (string, error), error) {
	if o.tokenFile == "" {
		return nil, nil
	}
	read := func() (string, error) {
		text, err := os.ReadFile(o.tokenFile)
		if err != nil {
			return "", fmt.Errorf("--token-file: %w", err)
		}
		token := strings.TrimSpace(string(text))
		if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return "", fmt.Errorf("--token-file %s: not one word of printable ASCII", o.tokenFile)
		}
		return token, nil
	}
	_, err := read()
	return read, err
}

// reach finds the API server as kubectl does; in a pod, by the pod's own account.
func reach(kubeconfig, context string, log *slog.Logger) (*rest.Config, error) {
	config, err := clusterConfig(kubeconfig, context)
	if err != nil {
		return nil, fmt.Errorf("--from-cluster: %w", err)
	}
	log.Info("following a cluster", "server", config.Host)
	return config, nil
}

// clusterConfig is how the kubeconfig leads to an API server.
func clusterConfig(kubeconfig, context string) (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	rules.WarnIfAllMissing = false
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: context}).ClientConfig()
}
