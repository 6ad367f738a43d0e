// SPDX-License-Identifier: Apache-2.0

package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"psp2rego/verify/e2e/clusters"
	"psp2rego/verify/e2e/processes"
)

// Gatekeeper validates in OPA's place, with the template that psp2rego emits. OPA goes on to answer the mutating webhook.
type Gatekeeper struct {
	// LiveRBAC has it read the cluster's roles and bindings itself, instead of having those of the last Apply.
	LiveRBAC bool

	stack   *Stack
	process *processes.Process
	crds    string
	address string
	applied int
}

const gatekeeperNamespace = "gatekeeper-system"

// StartGatekeeper starts Gatekeeper and waits until it is ready. crds is the folder of its CustomResourceDefinitions.
func (s *Stack) StartGatekeeper(ctx context.Context, crds string) (*Gatekeeper, error) {
	g := &Gatekeeper{stack: s, crds: crds}
	if err := g.define(ctx); err != nil {
		return nil, err
	}
	certificates := s.file("gatekeeper")
	if err := errors.Join(os.MkdirAll(certificates, 0o700), s.cluster.Authority.Server(s.name+"-gatekeeper")); err != nil {
		return nil, err
	}
	certificate := s.cluster.Authority.File(s.name + "-gatekeeper")
	if err := errors.Join(copyFile(certificate+".crt", filepath.Join(certificates, "tls.crt")),
		copyFile(certificate+".key", filepath.Join(certificates, "tls.key"))); err != nil {
		return nil, err
	}
	var err error
	g.process, err = processes.Listening(ctx, 2, func(ports []int) (*processes.Process, func(context.Context) error, error) {
		g.address = fmt.Sprintf("https://127.0.0.1:%d", ports[0])
		health := fmt.Sprintf("127.0.0.1:%d", ports[1])
		p, err := s.group.Start(s.name+"-gatekeeper", []string{"POD_NAMESPACE=" + gatekeeperNamespace}, s.programs.Gatekeeper,
			"--kubeconfig="+s.back.Kubeconfig, "--debug-use-fake-pod", "--host=127.0.0.1", fmt.Sprintf("--port=%d", ports[0]),
			"--cert-dir="+certificates, "--disable-cert-rotation", "--health-addr="+health,
			// The usual backend of metrics listens on all addresses; this one listens on none, and nobody is there to be told.
			"--metrics-backend=opentelemetry", "--otlp-endpoint=127.0.0.1:9", "--otlp-metric-interval=24h",
			"--operation=webhook", "--operation=generate", "--operation=status",
			"--default-create-vap-for-templates=false", "--default-create-vap-binding-for-constraints=false",
			"--enable-external-data=false", "--exempt-namespace="+gatekeeperNamespace, "--shutdown-delay=0")
		return p, func(ctx context.Context) error {
			return clusters.Answers(ctx, http.DefaultClient, "http://"+health+"/readyz")
		}, err
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// define creates Gatekeeper's own kinds and namespace, and waits until they are served.
func (g *Gatekeeper) define(ctx context.Context) error {
	names, err := filepath.Glob(filepath.Join(g.crds, "*.yaml"))
	if err != nil || len(names) == 0 {
		return fmt.Errorf("%s: no definitions of Gatekeeper's kinds: build them with `make e2e-programs`", g.crds)
	}
	const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var object map[string]any
		if err := yaml.Unmarshal(data, &object); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := g.stack.back.Ensure(ctx, definitions, object); err != nil {
			return err
		}
	}
	served := clusters.Call{Method: http.MethodGet, Path: templates}
	if err := g.until(ctx, g.stack.back, &served); err != nil {
		return err
	}
	return g.stack.back.Ensure(ctx, "/api/v1/namespaces", map[string]any{"metadata": map[string]any{"name": gatekeeperNamespace}})
}

// until repeats a call until it succeeds.
func (g *Gatekeeper) until(ctx context.Context, server *clusters.Server, call *clusters.Call) error {
	var last string
	err := processes.Until(ctx, func(ctx context.Context) (bool, error) {
		answer, err := server.Do(ctx, call)
		if err != nil || answer.Status == nil {
			return err == nil, err
		}
		last = answer.Status.Message
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", call.Method, call.Path, err, last)
	}
	return nil
}

const (
	templates   = "/apis/templates.gatekeeper.sh/v1/constrainttemplates"
	constraints = "/apis/constraints.gatekeeper.sh/v1beta1/podsecuritypolicyset"
	syncSets    = "/apis/syncset.gatekeeper.sh/v1alpha1/syncsets"
)

// objects are the files that are applied, in this order, and the paths of what is in them.
var objects = []struct{ file, path string }{
	{"syncset.yaml", syncSets + "/podsecuritypolicies"}, // there only with live RBAC
	{"template.yaml", templates + "/podsecuritypolicyset"},
	{"constraint.yaml", constraints + "/podsecuritypolicies"},
}

// Apply has psp2rego translate policies, and the roles and bindings that the cluster has now, and applies what comes of it.
func (g *Gatekeeper) Apply(ctx context.Context, policies []byte) error {
	g.applied++
	input := g.stack.file(fmt.Sprintf("gatekeeper-input-%d", g.applied))
	if err := os.MkdirAll(input, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(input, "policies.json"), policies, 0o600); err != nil {
		return err
	}
	for _, kind := range []string{"clusterroles", "clusterrolebindings", "roles", "rolebindings"} {
		list, err := g.stack.back.Must(ctx, &clusters.Call{Method: http.MethodGet, Path: "/apis/rbac.authorization.k8s.io/v1/" + kind})
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(input, kind+".json"), list, 0o600); err != nil {
			return err
		}
	}
	output := g.stack.file(fmt.Sprintf("gatekeeper-output-%d", g.applied))
	rbac := "snapshot"
	if g.LiveRBAC {
		rbac = "live"
	}
	out, err := exec.CommandContext(ctx, g.stack.programs.PSP2Rego, "translate", "-f", input, "--target", "gatekeeper", "--rbac", rbac, "--dialect", g.stack.dialect,
		"--server-version", g.stack.cluster.Version.String(), "-o", output).CombinedOutput()
	if err != nil {
		return fmt.Errorf("psp2rego translate --target gatekeeper: %w: %s", err, out)
	}
	for _, object := range objects {
		data, err := os.ReadFile(filepath.Join(output, object.file))
		if errors.Is(err, fs.ErrNotExist) && !g.LiveRBAC && object.file == "syncset.yaml" {
			continue
		}
		if err != nil {
			return err
		}
		// The constraint's kind is there a moment after the template.
		call := clusters.Call{Method: http.MethodPatch, Path: object.path + "?fieldManager=e2e&force=true", ContentType: "application/apply-patch+yaml", Body: data}
		if err := g.until(ctx, g.stack.back, &call); err != nil {
			return err
		}
	}
	return g.enforces(ctx)
}

// nobodysPod is a pod of somebody whom no state lets use a policy: without groups, and without a service account.
const nobodysPod = `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"CREATE","namespace":"default","name":"p",` +
	`"kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},"userInfo":{"username":"nobody"},` +
	`"object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"default"},"spec":{"containers":[{"name":"c","image":"i"}]}}}}`

// enforces waits until Gatekeeper refuses something: it lets everything through until it knows a template and its constraint.
func (g *Gatekeeper) enforces(ctx context.Context) error {
	err := processes.Until(ctx, func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.address+"/v1/admit", strings.NewReader(nobodysPod))
		if err != nil {
			return false, err
		}
		request.Header.Set("Content-Type", "application/json")
		answer, err := g.stack.client.Do(request)
		if err != nil {
			return false, err
		}
		defer func() { _ = answer.Body.Close() }()
		review := struct{ Response struct{ Allowed *bool } }{}
		if err := json.NewDecoder(answer.Body).Decode(&review); err != nil || review.Response.Allowed == nil {
			return false, fmt.Errorf("Gatekeeper answers with no review: %s: %w", answer.Status, err)
		}
		return !*review.Response.Allowed, nil
	})
	if err != nil {
		return fmt.Errorf("Gatekeeper does not enforce the constraint: %w\n%s", err, g.process.Tail())
	}
	return nil
}

// Register has Gatekeeper answer the validating webhook, as strict as docs/gatekeeper.md wants it.
func (g *Gatekeeper) Register(ctx context.Context) error {
	emitted := g.stack.manifests.validating.DeepCopy()
	hook := &emitted.Webhooks[0]
	hook.Name = "validation.gatekeeper.sh"
	hook.ClientConfig.URL, hook.ClientConfig.Service = new(g.address+"/v1/admit"), nil
	return g.stack.put(ctx, validatingPath, emitted)
}

// Close ends Gatekeeper, and deletes its constraint, template and SyncSet.
func (g *Gatekeeper) Close(ctx context.Context) error {
	var errs []error
	for _, object := range slices.Backward(objects) {
		_, err := g.stack.back.Do(ctx, &clusters.Call{Method: http.MethodDelete, Path: object.path})
		errs = append(errs, err)
	}
	g.process.Kill()
	return errors.Join(errs...)
}

// Process is Gatekeeper itself.
func (g *Gatekeeper) Process() *processes.Process { return g.process }
