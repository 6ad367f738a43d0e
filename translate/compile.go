// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"psp2rego/translate/policy"
	"psp2rego/translate/psp"
)

// Options are what Compile needs besides the cluster. The zero value compiles for stock Kubernetes.
type Options struct {
	// Dialect is DialectKubernetes (also "") or DialectMKE.
	Dialect string
	// ServerVersion is the minor version of the Kubernetes 1 whose API server asks; 0 means 24.
	ServerVersion int
	// Version is the translator's version, recorded in each module.
	Version string
}

// The versions of Kubernetes 1 that are known, from the last with the admission plugin on.
const (
	OldestServer = 24
	NewestServer = 37
)

// The dialects of RBAC.
const (
	// DialectKubernetes takes a requester's groups as they are.
	DialectKubernetes = "kubernetes"
	// DialectMKE also counts a requester who carries system:authenticated, and whose name does not begin with system:, as a
	// member of system:authenticated:<namespace of the request>, as Mirantis Kubernetes Engine does.
	DialectMKE = "mke"
)

// File is one generated file.
type File struct {
	// Path is the file's slash-separated path in the bundle.
	Path string
	Data []byte
}

// Output is what a cluster compiles to: a module for each policy, the grants and their provenance as data, the dialect, the API server's version. The Rego
// library is not part of it.
type Output struct {
	// Files are sorted by path.
	Files []File
	// Sources are the files that the cluster was read from.
	Sources []Source
}

// Compile turns a cluster into Rego. The result depends on the arguments alone, to the byte.
func Compile(ctx context.Context, c *Cluster, o Options) (*Output, error) {
	return (&Compiler{Options: o}).Compile(ctx, c)
}

// Compiler compiles one state of a cluster after the other. The module of a policy whose text has not changed is taken over
// from the state before, so that a change of grants costs no more than writing the grants. One call at a time.
type Compiler struct {
	Options Options
	modules map[moduleKey]File
}

// moduleKey is what a module depends on besides the options: where the policy stands, its name, and the digest of its text.
type moduleKey struct{ file, name, sha256 string }

// Compile is what the function Compile gives for the cluster and the options.
func (k *Compiler) Compile(ctx context.Context, c *Cluster) (*Output, error) {
	o := k.Options
	out := &Output{Sources: c.Sources}
	modules := make(map[moduleKey]File, len(c.Policies))
	for i := range c.Policies {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p := &c.Policies[i]
		var key moduleKey
		if p.Source != nil {
			key = moduleKey{p.Source.File(), p.Name, p.Source.SHA256()}
		}
		file, known := k.modules[key]
		if !known || p.Source == nil {
			var err error
			if file, err = compilePolicy(p, o); err != nil {
				return nil, err
			}
		}
		modules[key] = file
		out.Files = append(out.Files, file)
	}
	k.modules = modules
	dialect, err := dialectModule(o.Dialect)
	if err != nil {
		return nil, err
	}
	target, err := targetModule(o.ServerVersion)
	if err != nil {
		return nil, err
	}
	out.Files = append(out.Files, File{"lib/psp/dialect/dialect.rego", dialect}, File{"lib/psp/target/target.rego", target})
	for path, value := range map[string]any{"lib/psp/grants/data.json": c.Grants, "psp/provenance/data.json": c.Provenance} {
		data, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", path, err)
		}
		out.Files = append(out.Files, File{path, append(data, '\n')})
	}
	slices.SortFunc(out.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

func compilePolicy(p *Policy, o Options) (File, error) {
	if p.Name == psp.AllowAll {
		return File{}, fmt.Errorf("psp %q: the name stands for every policy in grants; no API server stores such a policy", p.Name)
	}
	var source policy.Source
	if p.Source != nil {
		source = policy.Source{File: p.Source.File(), SHA256: p.Source.SHA256(), Version: o.Version}
	}
	module, err := policy.Module(&p.PodSecurityPolicy, source)
	if err != nil {
		return File{}, err
	}
	return File{PolicyPath(p.Name), module}, nil
}

// longestStem leaves room for an extension below the 255 bytes that file systems grant a name.
const longestStem = 200

// PolicyPath is the path of a policy's module in the bundle. A name that is no DNS subdomain, or too long for a file, is replaced by
// its digest: it never becomes part of a path.
func PolicyPath(name string) string {
	if len(name) > longestStem || len(validation.IsDNS1123Subdomain(name)) > 0 {
		sum := sha256.Sum256([]byte(name))
		name = "sha256_" + hex.EncodeToString(sum[:16])
	}
	return "lib/psp/policies/" + name + ".rego"
}

// dialectModule writes what the dialect adds to a requester's groups.
func dialectModule(dialect string) ([]byte, error) {
	switch dialect {
	case "", DialectKubernetes:
		return fmt.Appendf(nil, dialectText, "", "[]"), nil
	case DialectMKE:
		return fmt.Appendf(nil, dialectText, "import data.lib.psp.request\n\n", mkeGroups), nil
	default:
		return nil, fmt.Errorf("unknown dialect %q: choose %s or %s", dialect, DialectKubernetes, DialectMKE)
	}
}

// targetModule writes which API server asks.
func targetModule(minor int) ([]byte, error) {
	if minor == 0 {
		minor = OldestServer
	}
	if minor < OldestServer || minor > NewestServer {
		return nil, fmt.Errorf("unknown API server version 1.%d: choose one from 1.%d to 1.%d", minor, OldestServer, NewestServer)
	}
	return fmt.Appendf(nil, targetText, minor), nil
}

const targetText = `# METADATA
# title: target
# description: The API server that asks.
package lib.psp.target

# METADATA
# description: its version is 1 and this
minor := %d
`

const dialectText = `# METADATA
# title: dialect
# description: How the cluster reads RBAC.
package lib.psp.dialect

%s# METADATA
# description: groups of the requester beside those of the request
groups := %s
`

const mkeGroups = `[concat(":", ["system:authenticated", request.namespace])] if {
	"system:authenticated" in request.review.userInfo.groups
	not startswith(object.get(request.review.userInfo, "username", ""), "system:")
} else := []`
