// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/loader"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
)

// Entry points that a bundle may have.
const (
	entryMutate   = "data.psp.mutate"
	entryValidate = "data.psp.validate"
	entryExplain  = "data.psp.explain"
	entryMain     = "data.system.main"
)

// grantsPath is where a bundle that psp2rego wrote has its grants as data.
func grantsPath() []string { return []string{"lib", "psp", "grants", "users"} }

// openBundle loads the bundle at the path, with the grants laid over those of its data: users by the policy
// that each may use in all namespaces. Grants for a bundle without such data are no matter.
func openBundle(ctx context.Context, path string, grants map[string]string) (*ready, error) {
	if filepath.Ext(path) == ".rego" {
		return nil, fmt.Errorf("%s: a bundle is a folder or a .tar.gz: name the folder that holds the file", path)
	}
	b, compiler, err := readBundlePath(path)
	if err != nil {
		return nil, err
	}
	r := &ready{RuleSet: RuleSet{Engine: "OPA " + OPAVersion(), Compared: Decisions}}
	entries := entryPoints(compiler)
	users, isData := grantedUsers(b.Data)
	r.strangers = isData || !readsUsers(b)
	switch {
	case isData:
		r.Notes = append(r.Notes, "grants of "+PassSynthetic+" are laid over the bundle's data")
		overlay(users, grants)
	default:
		r.noteStrangers("the rules read userInfo, and have no grants in data.lib.psp.grants.users")
	}
	if isData || entries[entryExplain] { // psp2rego's own, of which both phases are demanded
		r.Phases, r.Compared = []Phase{Mutate, Validate}, Everything
		r.opa, err = reload(ctx, path, b, isData && len(grants) > 0)
		return r, err
	}
	queries := map[Phase]string{Mutate: entryMutate, Validate: entryValidate}
	if !entries[entryValidate] {
		queries[Validate] = entryMain
	}
	engine := entryEngine{}
	for _, phase := range []Phase{Mutate, Validate} {
		if !entries[queries[phase]] {
			continue
		}
		if engine[phase], err = prepare(ctx, queries[phase], b, compiler); err != nil {
			return nil, err
		}
		r.Phases = append(r.Phases, phase)
		r.Notes = append(r.Notes, string(phase)+" is "+queries[phase])
	}
	if len(r.Phases) == 0 {
		return nil, fmt.Errorf("%s: no entry point: neither %s, %s nor %s", path, entryMutate, entryValidate, entryMain)
	}
	r.engine = engine
	return r, nil
}

// readBundlePath reads as OPA would, without the test modules.
func readBundlePath(path string) (*bundle.Bundle, *ast.Compiler, error) {
	b, err := readAsOPA(loader.NewFileLoader(), path)
	if err != nil {
		return nil, nil, err
	}
	compiler, err := compiled(b.ParsedModules("bundle"))
	if err != nil {
		return nil, nil, err
	}
	return b, compiler, nil
}

// entryPoints says which entry points have rules.
func entryPoints(compiler *ast.Compiler) map[string]bool {
	found := map[string]bool{}
	for _, entry := range []string{entryMutate, entryValidate, entryExplain, entryMain} {
		found[entry] = len(compiler.GetRulesWithPrefix(ast.MustParseRef(entry))) > 0
	}
	return found
}

func readsUsers(b *bundle.Bundle) bool {
	for _, module := range b.Modules {
		if bytes.Contains(module.Raw, []byte("userInfo")) {
			return true
		}
	}
	return false
}

// grantedUsers is the part of the bundle's data in which users have their grants.
func grantedUsers(data map[string]any) (map[string]any, bool) {
	for _, key := range grantsPath() {
		next, ok := data[key].(map[string]any)
		if !ok {
			return nil, false
		}
		data = next
	}
	return data, true
}

func overlay(users map[string]any, grants map[string]string) {
	for user, policy := range grants {
		users[user] = map[string]any{"cluster": []any{policy}}
	}
}

// syntheticGrants are the grants that a Synthetic cluster adds to a given one: users by policy.
func syntheticGrants(objects []json.RawMessage) map[string]string {
	grants := map[string]string{}
	for _, data := range objects {
		binding := struct {
			Kind     string
			Metadata struct{ Name string }
		}{}
		if json.Unmarshal(data, &binding) != nil || binding.Kind != "ClusterRoleBinding" {
			continue
		}
		if policy, ok := strings.CutPrefix(binding.Metadata.Name, cases.SyntheticPrefix); ok {
			grants[binding.Metadata.Name] = policy
		}
	}
	return grants
}

// reload loads the bundle that everything is compared of: from disk or, if its data were changed, as it is now.
func reload(ctx context.Context, path string, b *bundle.Bundle, changed bool) (*OPA, error) {
	if !changed {
		return LoadBundlePath(ctx, path)
	}
	var tarball bytes.Buffer
	if err := bundle.NewWriter(&tarball).UseModulePath(true).DisableFormat(true).Write(*b); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	return LoadBundle(ctx, tarball.Bytes())
}

func prepare(ctx context.Context, query string, b *bundle.Bundle, compiler *ast.Compiler) (*rego.PreparedEvalQuery, error) {
	store := inmem.NewFromObjectWithOpts(b.Data, inmem.OptRoundTripOnWrite(false))
	prepared, err := rego.New(rego.Query("review := "+query), rego.Compiler(compiler), rego.Store(store)).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("bundle: %s: %w", query, err)
	}
	return &prepared, nil
}

// entryEngine is a bundle of any making: the query of each phase it has. It may be used concurrently.
type entryEngine map[Phase]*rego.PreparedEvalQuery

// Evaluate asks the entry point of the phase. Whatever no API server would take for an answer is a fault in the
// verdict; an error means that the request cannot be turned into an AdmissionReview.
func (e entryEngine) Evaluate(ctx context.Context, phase Phase, request *protocol.Request) (*Verdict, error) {
	query := e[phase]
	if query == nil {
		return nil, errors.New("the bundle has no entry point for " + string(phase))
	}
	input, err := reviewInput(request)
	if err != nil {
		return nil, err
	}
	documents, err := ask(ctx, query, input)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return &Verdict{Fault: err.Error()}, nil
	}
	verdict, err := readResponse(documents["review"], phase)
	if err != nil {
		return &Verdict{Fault: err.Error()}, nil
	}
	if phase == Mutate && verdict.Allowed {
		if verdict.Object, err = patched(request.Object, verdict.Patch); err != nil {
			return &Verdict{Fault: "patch: " + err.Error()}, nil
		}
	}
	return verdict, nil
}
