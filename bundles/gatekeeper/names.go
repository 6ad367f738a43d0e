// SPDX-License-Identifier: Apache-2.0

package gatekeeper

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation"

	"psp2rego/translate"
	"psp2rego/translate/diagnostic"
)

// maxName is how long Gatekeeper's webhook lets names of Gatekeeper's own objects be (pkg/webhook/policy.go: validateGatekeeperResources, v3.23.1).
const maxName = 63

// CheckPolicies has an error for each policy of a name that Kubernetes never took, which no object and no file can be called after.
func CheckPolicies(policies []translate.Policy) diagnostic.List {
	var found diagnostic.Collector
	for i := range policies {
		p := &policies[i]
		problems := validation.IsDNS1123Subdomain(p.Name)
		if len(problems) == 0 {
			continue
		}
		d := diagnostic.Diagnostic{
			Severity: diagnostic.Error, Code: diagnostic.InvalidName, Field: "metadata.name", Hint: "rename it, also in the roles that grant it",
			Message: fmt.Sprintf("policy %q: no API server has a policy of that name, and no object can be called after it: %s", p.Name, strings.Join(problems, "; ")),
		}
		if p.Source != nil && found.Wants(d.Code) {
			d.Pos = p.Source.Position(d.Field)
		}
		found.Add(d)
	}
	return found.List()
}

// checkObjects refuses objects that no API server or no Gatekeeper would take for their names, and two that are one to them. Files hold YAML.
func checkObjects(files []translate.File) error {
	seen := map[string]string{}
	for _, f := range files {
		decoder := yaml.NewDecoder(bytes.NewReader(f.Data))
		for {
			var object head
			err := decoder.Decode(&object)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return fmt.Errorf("%s: %w", f.Path, err)
			}
			if err := checkName(&object); err != nil {
				return fmt.Errorf("%s: %w", f.Path, err)
			}
			group, _, _ := strings.Cut(object.APIVersion, "/")
			id := fmt.Sprintf("%s %q", object.Kind, object.Metadata.Name)
			if other, taken := seen[group+"/"+id]; taken {
				return fmt.Errorf("%s: %s is in %s already", f.Path, id, other)
			}
			seen[group+"/"+id] = f.Path
		}
	}
	return nil
}

func checkName(object *head) error {
	name, group := object.Metadata.Name, strings.Split(object.APIVersion, "/")[0]
	problems := validation.IsDNS1123Subdomain(name)
	if strings.HasSuffix(group, ".gatekeeper.sh") && len(name) > maxName {
		problems = append(problems, fmt.Sprintf("Gatekeeper takes at most %d characters", maxName))
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("%s %q: no valid name: %s", object.Kind, name, strings.Join(problems, "; "))
}
