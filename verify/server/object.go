// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"encoding/json"
)

// object is a JSON object. A nil one is an absent one.
type object map[string]any

// edit changes a pod. A document that is no object, and an absent one, stay as they are.
func edit(pod json.RawMessage, change func(object)) (json.RawMessage, error) {
	if len(pod) == 0 || pod[0] != '{' {
		return pod, nil
	}
	d := json.NewDecoder(bytes.NewReader(pod))
	d.UseNumber()
	var p object
	if err := d.Decode(&p); err != nil {
		return nil, err
	}
	change(p)
	return json.Marshal(p)
}

func asObject(value any) object {
	switch value := value.(type) {
	case map[string]any:
		return value
	case object:
		return value
	}
	return nil
}

// at is the object under a key, nil when there is none.
func (o object) at(key string) object { return asObject(o[key]) }

// in is the object under a key, which is made if there is none.
func (o object) in(key string) object {
	if o.at(key) == nil {
		o[key] = object{}
	}
	return o.at(key)
}

// text is the string under a key, empty when there is none.
func (o object) text(key string) string {
	s, _ := o[key].(string)
	return s
}

// drop takes an annotation away, and all of them if it was the last.
func (o object) drop(annotation string) {
	metadata := o.at("metadata")
	delete(metadata.at("annotations"), annotation)
	if metadata != nil && len(metadata.at("annotations")) == 0 {
		delete(metadata, "annotations")
	}
}

// dropField takes a field of the securityContext away, and the context if it was the last.
func (o object) dropField(field string) {
	context := o.at("securityContext")
	if context == nil {
		return
	}
	delete(context, field)
	if len(context) == 0 {
		delete(o, "securityContext")
	}
}

// containers are the pod's init, regular and ephemeral containers.
func (o object) containers() []object {
	var all []object
	for _, key := range []string{"initContainers", "containers", "ephemeralContainers"} {
		list, _ := o.at("spec")[key].([]any)
		for _, c := range list {
			if c := asObject(c); c != nil {
				all = append(all, c)
			}
		}
	}
	return all
}
