// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"

	"psp2rego/verify/cases"
	"psp2rego/verify/protocol"
)

// CaseFile is one case as a file a person reads: a txtar archive with a comment, the cluster's
// objects, the request and, where it is known, what each side answers.
type CaseFile struct {
	// Comment stands above the files.
	Comment string
	// Dialect is written only when it is not "kubernetes".
	Dialect string
	Objects []json.RawMessage
	// Request is nil when the cluster as a whole is the case. Where the file leaves them out it is the
	// creation of a pod.
	Request *protocol.Request
	// Phase limits the case to one phase, in which the object is judged as it stands; empty is the
	// way of a request from its arrival to the last verdict.
	Phase Phase
	// Native and Ours are what the sides answered; nil when that is not recorded.
	Native, Ours *Recorded
}

// Names of the files in the archive.
const (
	fileCluster = "cluster.yaml"
	fileRequest = "request.yaml"
	fileDialect = "dialect"
	filePhase   = "phase"
	fileNative  = "native"
	fileOurs    = "bundle"
)

// Format is the text of the file.
func (c *CaseFile) Format() ([]byte, error) {
	archive := &txtar.Archive{Comment: []byte(c.Comment)}
	put := func(name string, data []byte) {
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: data})
	}
	var cluster bytes.Buffer
	for i, object := range c.Objects {
		if i > 0 {
			cluster.WriteString("---\n")
		}
		text, err := toYAML(object)
		if err != nil {
			return nil, fmt.Errorf("case file: object %d: %w", i, err)
		}
		cluster.Write(text)
	}
	if c.Dialect != "" && c.Dialect != cases.Kubernetes {
		put(fileDialect, []byte(c.Dialect+"\n"))
	}
	if c.Phase != "" {
		put(filePhase, []byte(c.Phase+"\n"))
	}
	put(fileCluster, cluster.Bytes())
	for _, part := range []struct {
		name  string
		value any
		skip  bool
	}{
		{fileRequest, written(c.Request), c.Request == nil},
		{fileNative, c.Native, c.Native == nil},
		{fileOurs, c.Ours, c.Ours == nil},
	} {
		if part.skip {
			continue
		}
		data, err := json.Marshal(part.value)
		if err != nil {
			return nil, fmt.Errorf("case file: %s: %w", part.name, err)
		}
		text, err := toYAML(data)
		if err != nil {
			return nil, fmt.Errorf("case file: %s: %w", part.name, err)
		}
		put(part.name, text)
	}
	return txtar.Format(archive), nil
}

// ParseCaseFile reads what Format wrote.
func ParseCaseFile(data []byte) (*CaseFile, error) {
	archive := txtar.Parse(data)
	c := &CaseFile{Comment: string(archive.Comment), Dialect: cases.Kubernetes}
	seen := map[string]bool{}
	for _, file := range archive.Files {
		if seen[file.Name] {
			return nil, fmt.Errorf("case file: %s appears twice", file.Name)
		}
		seen[file.Name] = true
		var err error
		switch file.Name {
		case fileCluster:
			c.Objects, err = splitYAML(file.Data)
		case fileRequest:
			err = yaml.UnmarshalStrict(file.Data, &c.Request)
		case fileDialect:
			c.Dialect = strings.TrimSpace(string(file.Data))
		case filePhase:
			c.Phase = Phase(strings.TrimSpace(string(file.Data)))
			if c.Phase != Mutate && c.Phase != Validate {
				err = fmt.Errorf("unknown phase %q", c.Phase)
			}
		case fileNative:
			err = yaml.UnmarshalStrict(file.Data, &c.Native)
		case fileOurs:
			err = yaml.UnmarshalStrict(file.Data, &c.Ours)
		default:
			err = errors.New("unknown file")
		}
		if err != nil {
			return nil, fmt.Errorf("case file: %s: %w", file.Name, err)
		}
	}
	if !seen[fileCluster] {
		return nil, fmt.Errorf("case file: no %s", fileCluster)
	}
	complete(c.Request)
	return c, nil
}

// written is the request without what complete fills in. Empty objects are left out of a file by
// their absence, so that the form is a map and not the struct.
func written(request *protocol.Request) any {
	if request == nil {
		return nil
	}
	data, err := json.Marshal(request)
	if err != nil {
		return err.Error() // an object that is no JSON; the marshaller of the whole will say so
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &fields); err != nil {
		return err.Error()
	}
	if request.Operation == "CREATE" {
		delete(fields, "operation")
	}
	if request.Resource == protocol.Pods() {
		delete(fields, "resource")
	}
	if request.Kind == protocol.PodKind() {
		delete(fields, "kind")
	}
	return fields
}

func complete(request *protocol.Request) {
	if request == nil {
		return
	}
	request.Operation = cmp.Or(request.Operation, "CREATE")
	request.Resource = cmp.Or(request.Resource, protocol.Pods())
	request.Kind = cmp.Or(request.Kind, protocol.PodKind())
}
