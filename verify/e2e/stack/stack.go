// SPDX-License-Identifier: Apache-2.0

// Package stack runs what answers a current API server in the plugin's place: `psp2rego bundle serve`, OPA as the emitted manifests run it, and the
// webhook configurations that they register it with. What differs from a cluster is that paths of the container are folders of this machine, and that
// webhooks are called by address, because there are no Services without nodes.
package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"psp2rego/verify/e2e/clusters"
	"psp2rego/verify/e2e/processes"
)

// Stack is a bundle's server and the OPA that asks it.
type Stack struct {
	// Dir holds what the processes read and write.
	Dir string

	name     string
	group    *processes.Group
	programs clusters.Programs
	cluster  *clusters.Cluster
	front    *clusters.Server
	back     *clusters.Server
	dialect  string

	serving    *processes.Process
	servingAt  int
	opa        *processes.Process
	opaAt      int
	manifests  *manifests
	client     *http.Client
	kubeconfig string
}

const token = "let-me-in"

// Start makes a stack, whose folder and logs have the name: it serves the bundle of the cluster's roles and bindings, and of the policies, starts OPA with it and registers it. back is an API server without
// webhooks, by which the stack is installed.
func Start(ctx context.Context, group *processes.Group, programs clusters.Programs, cluster *clusters.Cluster, front, back *clusters.Server,
	name, dialect string, policies []byte,
) (*Stack, error) {
	s := &Stack{
		Dir: filepath.Join(group.Dir, name), name: name, group: group, programs: programs, cluster: cluster, front: front, back: back, dialect: dialect,
	}
	for _, folder := range []string{"policies", "config", "tls", "token", "state"} {
		if err := os.MkdirAll(s.file(folder), 0o700); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(s.file("token/token"), []byte(token), 0o600); err != nil {
		return nil, err
	}
	for _, step := range []func() error{
		func() error { return s.SetPolicies(policies) },
		func() error { return s.account(ctx) },
		func() error { return s.certificates() },
		func() error { return s.Serve(ctx) },
		func() error { return s.emit(ctx) },
		func() error { return s.StartOPA(ctx) },
		func() error { return s.Register(ctx) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Stack) file(name string) string { return filepath.Join(s.Dir, filepath.FromSlash(name)) }

// SetPolicies replaces the file of policies, which is watched.
func (s *Stack) SetPolicies(policies []byte) error {
	name := s.file("policies/policies.json")
	if err := os.WriteFile(s.file("policies.new"), policies, 0o600); err != nil {
		return err
	}
	return os.Rename(s.file("policies.new"), name)
}

// account gives the bundle's server an account that may do what docs/serving.md says it needs, and no more.
func (s *Stack) account(ctx context.Context) error {
	const rbac = "/apis/rbac.authorization.k8s.io/v1/"
	type object = map[string]any
	role := object{"metadata": object{"name": "psp2rego"}, "rules": []any{
		object{"apiGroups": []any{"rbac.authorization.k8s.io"}, "resources": []any{"clusterroles", "clusterrolebindings", "roles", "rolebindings"},
			"verbs": []any{"list", "watch"}},
		object{"apiGroups": []any{"policy"}, "resources": []any{"podsecuritypolicies"}, "verbs": []any{"list", "watch"}},
	}}
	binding := object{"metadata": object{"name": "psp2rego"},
		"roleRef":  object{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "psp2rego"},
		"subjects": []any{object{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "psp2rego"}}}
	if err := s.back.Ensure(ctx, rbac+"clusterroles", role); err != nil {
		return err
	}
	if err := s.back.Ensure(ctx, rbac+"clusterrolebindings", binding); err != nil {
		return err
	}
	var err error
	s.kubeconfig, err = s.cluster.KubeconfigFor(s.front, "psp2rego")
	return err
}

func (s *Stack) certificates() error {
	for _, name := range []string{"bundles-" + s.dialect, "opa-" + s.dialect} {
		if err := s.cluster.Authority.Server(name); err != nil {
			return err
		}
	}
	s.client = s.cluster.Authority.HTTPClient()
	return nil
}

// Serve starts the bundle's server, again on the port that it had if there was one.
func (s *Stack) Serve(ctx context.Context) error {
	var err error
	s.serving, err = processes.Listening(ctx, 1, func(ports []int) (*processes.Process, func(context.Context) error, error) {
		if s.serving == nil {
			s.servingAt = ports[0]
		}
		certificate := s.cluster.Authority.File("bundles-" + s.dialect)
		p, err := s.group.Start(s.name+"-serve", nil, s.programs.PSP2Rego, "bundle", "serve", "--from-cluster", "--kubeconfig", s.kubeconfig,
			"-f", s.file("policies"), "--dialect", s.dialect, "--server-version", s.cluster.Version.String(),
			"--listen", fmt.Sprintf("127.0.0.1:%d", s.servingAt), "--tls-cert", certificate+".crt", "--tls-key", certificate+".key",
			"--token-file", s.file("token/token"))
		return p, func(ctx context.Context) error { return s.get(ctx, s.servingAt, "/ready") }, err
	})
	return err
}

// StopServing ends the bundle's server.
func (s *Stack) StopServing() { s.serving.Stop() }

// emit has psp2rego write the manifests, and puts what they mount where they say.
func (s *Stack) emit(ctx context.Context) error {
	authority := s.cluster.Authority.File("ca.crt")
	out, err := exec.CommandContext(ctx, s.programs.PSP2Rego, "bundle", "manifests",
		"--bundle-url", fmt.Sprintf("https://127.0.0.1:%d/bundles/psp", s.servingAt), "--bundle-ca", authority, "--bundle-token-secret", "bundle-token",
		"--tls-secret", "opa-tls", "--ca-bundle", authority, "-o", s.file("manifests")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("psp2rego bundle manifests: %w: %s", err, out)
	}
	if s.manifests, err = readManifests(s.file("manifests")); err != nil {
		return err
	}
	certificate := s.cluster.Authority.File("opa-" + s.dialect)
	return errors.Join(s.manifests.copySettings(s), copyFile(certificate+".crt", s.file("tls/tls.crt")), copyFile(certificate+".key", s.file("tls/tls.key")))
}

// StartOPA starts OPA with the arguments of the emitted Deployment, again on the port that it had if there was one, and waits until it has a bundle.
func (s *Stack) StartOPA(ctx context.Context) error {
	var err error
	s.opa, err = processes.Listening(ctx, 1, func(ports []int) (*processes.Process, func(context.Context) error, error) {
		if s.opa == nil {
			s.opaAt = ports[0]
		}
		environment, args := s.manifests.command(s, fmt.Sprintf("127.0.0.1:%d", s.opaAt))
		p, err := s.group.Start(s.name+"-opa", environment, s.programs.OPA, args...)
		return p, func(ctx context.Context) error { return s.get(ctx, s.opaAt, "/health?bundles") }, err
	})
	return err
}

// StopOPA ends OPA, and with it all answers.
func (s *Stack) StopOPA() { s.opa.Kill() }

// OPA is its process.
func (s *Stack) OPA() *processes.Process { return s.opa }

// Register registers OPA as both webhooks.
func (s *Stack) Register(ctx context.Context) error {
	mutating, validating := s.manifests.registrations(fmt.Sprintf("https://127.0.0.1:%d", s.opaAt))
	return errors.Join(s.put(ctx, mutatingPath, mutating), s.put(ctx, validatingPath, validating))
}

// Where the registrations are.
const (
	mutatingPath   = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
	validatingPath = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
)

// put makes a registration what it is to be, without a moment in which there is none.
func (s *Stack) put(ctx context.Context, collection string, object any) error {
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	head := struct{ Metadata struct{ Name string } }{}
	if err := json.Unmarshal(body, &head); err != nil {
		return err
	}
	_, err = s.back.Must(ctx, &clusters.Call{
		Method: http.MethodPatch, Path: collection + "/" + head.Metadata.Name + "?fieldManager=e2e&force=true", ContentType: "application/apply-patch+yaml", Body: body,
	})
	return err
}

// Unregister takes OPA's webhooks away.
func (s *Stack) Unregister(ctx context.Context) error {
	for _, path := range []string{mutatingPath, validatingPath} {
		name := s.manifests.mutating.Name
		if _, err := s.back.Must(ctx, &clusters.Call{Method: http.MethodDelete, Path: path + "/" + name}); err != nil {
			return err
		}
	}
	return nil
}

// Close takes the webhooks away and ends both processes.
func (s *Stack) Close(ctx context.Context) error {
	err := s.Unregister(ctx)
	s.opa.Kill()
	s.serving.Kill()
	return err
}

func (s *Stack) get(ctx context.Context, port int, path string) error {
	return clusters.Answers(ctx, s.client, fmt.Sprintf("https://127.0.0.1:%d%s", port, path))
}
