// SPDX-License-Identifier: Apache-2.0

// Package server says what API servers after Kubernetes 1.24 do with a pod otherwise than 1.24 did, so that what a bundle for one
// of them decides can be compared with what the admission plugin of 1.24 decided. All of it is read from pkg/registry/core/pod/strategy.go and
// pkg/security/apparmor/helpers.go of those versions; docs/server-versions.md has the table.
package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
)

// Version is the minor version of a Kubernetes 1. Zero, and everything up to Native, is the server that the plugin is part of.
type Version int

// The versions at which something changes.
const (
	// Native is the last version with the plugin.
	Native Version = 24
	// seccompFields is the first that makes no seccomp annotations of fields; it still makes fields of annotations.
	seccompFields Version = 25
	// noSeccompAnnotations is the first that does nothing about seccomp annotations.
	noSeccompAnnotations Version = 27
	// appArmorFields is the first with a field for AppArmor profiles. It keeps annotations and fields alike.
	appArmorFields Version = 30
	// procMount is the first that leaves procMount as it is.
	procMount Version = 33
	// noAppArmorAnnotations is the first that makes no AppArmor annotations of fields.
	noAppArmorAnnotations Version = 34
)

const (
	podSeccomp       = "seccomp.security.alpha.kubernetes.io/pod"
	containerSeccomp = "container.seccomp.security.alpha.kubernetes.io/"
	appArmor         = "container.apparmor.security.beta.kubernetes.io/"
	localhost        = "localhost/"
)

// Concerned says whether a pod may have anything that one of the functions of this package looks at. Pods that have nothing of it stay as they
// are, and their effective forms differ where they do.
func Concerned(pod json.RawMessage) bool {
	for _, word := range []string{"seccomp.security.", "apparmor.security.", "appArmorProfile", "procMount"} {
		if bytes.Contains(pod, []byte(word)) {
			return true
		}
	}
	return false
}

// String is the version as in 1.31.
func (v Version) String() string { return fmt.Sprintf("1.%d", max(int(v), int(Native))) }

// Newer says whether the server is one without the plugin.
func (v Version) Newer() bool { return v > Native }

// Stored24 is what 1.24 keeps of a pod that an update brings or replaces: the pod's seccomp field has its annotation, which
// every policy would otherwise write.
func Stored24(pod json.RawMessage) (json.RawMessage, error) {
	return edit(pod, func(p object) {
		annotations := p.at("metadata").at("annotations")
		if _, ok := annotations[podSeccomp]; ok {
			return
		}
		if name := profileName(p.at("spec").at("securityContext").at("seccompProfile")); name != "" {
			p.in("metadata").in("annotations")[podSeccomp] = name
		}
	})
}

// Ask is the same pod as somebody would send it to a server of this version: an AppArmor profile stands in an annotation, a
// container's field or, if all have the same, the pod's, which depends on the pod's name alone. stored says that the pod is one which such a server
// has or is to have: 1.24 has a seccomp annotation where it has the pod's field alone.
func (v Version) Ask(pod json.RawMessage, stored bool) (json.RawMessage, error) {
	if !Concerned(pod) {
		return pod, nil
	}
	return edit(pod, func(p object) {
		name := profileName(p.at("spec").at("securityContext").at("seccompProfile"))
		if stored && name != "" && p.at("metadata").at("annotations")[podSeccomp] == name {
			p.drop(podSeccomp)
		}
		if v >= appArmorFields && p.at("spec").at("os").text("name") != "windows" {
			p.appArmorAsFields(stored)
		}
	})
}

// appArmorAsFields moves AppArmor profiles from annotations to fields, for two of three pods. Of a stored one no securityContext is made for it: an update that
// adds an empty one is a change.
func (p object) appArmorAsFields(stored bool) {
	annotations := p.at("metadata").at("annotations")
	digest := fnv.New32a()
	digest.Write([]byte(p.at("metadata").text("name")))
	shape := digest.Sum32() % 3
	if shape == 0 {
		return
	}
	names := map[string]string{}
	containers := p.containers()
	for _, c := range containers {
		name := annotations.text(appArmor + c.text("name"))
		if profile(name) != nil && (!stored || c.at("securityContext") != nil) {
			names[c.text("name")] = name
		}
	}
	inPod := shape == 2
	for _, c := range containers {
		inPod = inPod && names[c.text("name")] != "" && names[c.text("name")] == names[containers[0].text("name")]
	}
	for _, c := range containers {
		name, ok := names[c.text("name")]
		switch {
		case inPod:
			p.in("spec").in("securityContext")["appArmorProfile"] = profile(name)
		case ok:
			c.in("securityContext")["appArmorProfile"] = profile(name)
		}
		if ok {
			p.drop(appArmor + c.text("name"))
		}
	}
}

// Create is what the pod strategy of this version makes of a pod that admission let through.
func (v Version) Create(pod json.RawMessage) (json.RawMessage, error) {
	if !Concerned(pod) {
		return pod, nil
	}
	return edit(pod, func(p object) {
		annotations := p.at("metadata").at("annotations")
		if v < noSeccompAnnotations {
			if field := seccompProfile(annotations[podSeccomp]); field != nil && p.at("spec").at("securityContext")["seccompProfile"] == nil {
				p.in("spec").in("securityContext")["seccompProfile"] = field
			}
		}
		for _, c := range p.containers() {
			context := c.at("securityContext")
			if field := seccompProfile(annotations[containerSeccomp+c.text("name")]); v < noSeccompAnnotations && field != nil && context["seccompProfile"] == nil {
				c.in("securityContext")["seccompProfile"] = field
			}
			if v < procMount && context["procMount"] != nil {
				context["procMount"] = "Default"
			}
			if v >= appArmorFields && p.at("spec").at("os").text("name") != "windows" {
				v.syncAppArmor(p, c)
			}
		}
	})
}

// Told is what the plugin says against the pod that 1.24 made of what was asked, as it would have said it against the one that this server keeps: there a
// default docker/default is a field without an annotation, and its one name is runtime/default.
func (v Version) Told(message string, made, asked json.RawMessage) string {
	docker := []byte(`"docker/default"`)
	if !v.Newer() || !bytes.Contains(made, docker) || bytes.Contains(asked, docker) {
		return message
	}
	const about = "pod.metadata.annotations[" + podSeccomp + "]: Forbidden: "
	return strings.ReplaceAll(message, about+"docker/default is not", about+"runtime/default is not")
}

// syncAppArmor is applyAppArmorVersionSkew for one container.
func (v Version) syncAppArmor(p, c object) {
	key := appArmor + c.text("name")
	own, ofPod := c.at("securityContext").at("appArmorProfile"), p.at("spec").at("securityContext").at("appArmorProfile")
	annotation, annotated := p.at("metadata").at("annotations")[key].(string)
	switch {
	case !annotated && v < noAppArmorAnnotations:
		field := own
		if field == nil {
			field = ofPod
		}
		if name := profileName(field); name != "" {
			p.in("metadata").in("annotations")[key] = name
		}
	case annotated && own == nil:
		if field := profile(annotation); field != nil && fmt.Sprint(field) != fmt.Sprint(ofPod) {
			c.in("securityContext")["appArmorProfile"] = field
		}
	}
}

// Effective is the pod as kubelets run it, in a form that is the same for all versions: seccomp profiles are those of
// the fields, which alone count from 1.24 on once the strategy of 1.24 has made them; AppArmor profiles are by container, by its field, its annotation, the
// pod's field, in this order; annotations and fields that say the same otherwise are gone.
func Effective(pod json.RawMessage) (json.RawMessage, error) {
	return edit(pod, func(p object) {
		profiles := p.appArmorProfiles()
		for _, c := range p.containers() {
			p.drop(appArmor + c.text("name"))
			p.drop(containerSeccomp + c.text("name"))
			c.dropField("appArmorProfile")
		}
		p.drop(podSeccomp)
		p.at("spec").dropField("appArmorProfile")
		p["effective AppArmor profiles"] = profiles
	})
}

// For24 is a pod for a newer server as somebody would send it to 1.24: with annotations for AppArmor profiles.
func For24(pod json.RawMessage) (json.RawMessage, error) {
	return edit(pod, func(p object) {
		for container, name := range p.appArmorProfiles() {
			if name != "" {
				p.in("metadata").in("annotations")[appArmor+container] = name
			}
		}
		for _, c := range p.containers() {
			c.dropField("appArmorProfile")
		}
		p.at("spec").dropField("appArmorProfile")
	})
}

// appArmorProfiles are the profiles' names by container, empty without one, as GetProfile in pkg/security/apparmor/helpers.go (v1.36.3) finds them.
func (p object) appArmorProfiles() object {
	profiles := object{}
	for _, c := range p.containers() {
		name := profileName(c.at("securityContext").at("appArmorProfile"))
		if name == "" {
			name = p.at("metadata").at("annotations").text(appArmor + c.text("name"))
		}
		if name == "" {
			name = profileName(p.at("spec").at("securityContext").at("appArmorProfile"))
		}
		profiles[c.text("name")] = name
	}
	return profiles
}

// profile is the field for a profile's name; nil where no field says it.
func profile(name string) object {
	switch file, local := strings.CutPrefix(name, localhost); {
	case name == "runtime/default":
		return object{"type": "RuntimeDefault"}
	case name == "unconfined":
		return object{"type": "Unconfined"}
	case local && file != "":
		return object{"type": "Localhost", "localhostProfile": file}
	}
	return nil
}

// seccompProfile is the same for a seccomp annotation, which knows one more name.
func seccompProfile(annotation any) object {
	name, _ := annotation.(string)
	if name == "docker/default" {
		name = "runtime/default"
	}
	return profile(name)
}

func profileName(field object) string {
	switch field.text("type") {
	case "RuntimeDefault":
		return "runtime/default"
	case "Unconfined":
		return "unconfined"
	case "Localhost":
		if file, ok := field["localhostProfile"].(string); ok {
			return localhost + file
		}
	}
	return "" // API validation refuses all others
}
