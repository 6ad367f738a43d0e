// SPDX-License-Identifier: Apache-2.0

package live

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Normalisation is something that an API server, or an admission plugin other than PodSecurityPolicy, adds to a pod. It is taken out before pods are
// compared, and only where the pod did not have it when it was sent. No policy writes any of it.
type Normalisation struct {
	// ID names it, By is who adds it, and What is what is added.
	ID, By, What string
	apply        func(pod, sent object)
}

// Normalisations are all of them: what is not in this table is compared.
func Normalisations() []Normalisation {
	return []Normalisation{
		{"server_metadata", "the API server", "metadata: uid, creationTimestamp, generation, resourceVersion, selfLink, managedFields; " +
			"deletionTimestamp and deletionGracePeriodSeconds, which it takes away; owners that are named twice", serverMetadata},
		{"status", "the API server", "status", func(pod, _ object) { delete(pod, "status") }},
		{"generated_name", "the API server", "metadata.name, where generateName was sent alone", generatedName},
		{"image_pull_secrets", "ServiceAccount", "spec.imagePullSecrets", added("imagePullSecrets")},
		{"priority", "Priority", "spec.priority, spec.preemptionPolicy, spec.priorityClassName", added("priority", "preemptionPolicy", "priorityClassName")},
		{"tolerations", "DefaultTolerationSeconds, PodTolerationRestriction, RuntimeClass and others", "tolerations that were not sent", tolerations},
		{"node_selector", "PodNodeSelector, RuntimeClass", "members of spec.nodeSelector that were not sent", nodeSelector},
		{"overhead", "RuntimeClass", "spec.overhead", added("overhead")},
		{"resources", "LimitRanger", "resources of containers, and the annotation kubernetes.io/limit-ranger", resources},
		{"grace_period", "the API server, since 1.28", "spec.terminationGracePeriodSeconds of 1, where a negative one was sent", gracePeriod},
		{"claim_template", "the API server", "metadata.creationTimestamp of the claim templates of ephemeral volumes: null, or left out since 1.34", claimTemplate},
		{"image_pull_policy", "AlwaysPullImages", "imagePullPolicy of containers, which was another one", imagePullPolicy},
	}
}

// Comparable is a pod, as it is stored or would be, without what normalisations take out. sent is the pod as it was sent.
func Comparable(pod, sent json.RawMessage) (json.RawMessage, error) {
	p, err := read(pod)
	if err != nil {
		return nil, err
	}
	s, err := read(sent)
	if err != nil {
		return nil, err
	}
	for _, n := range Normalisations() {
		n.apply(p, s)
	}
	return json.Marshal(p)
}

type object map[string]any

func read(data json.RawMessage) (object, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var o object
	if err := d.Decode(&o); err != nil {
		return nil, fmt.Errorf("pod: %w", err)
	}
	return o, nil
}

func (o object) at(key string) object {
	member, _ := o[key].(map[string]any)
	return member
}

// prune takes a member away that holds nothing.
func (o object) prune(key string) {
	if o == nil {
		return
	}
	if v := reflect.ValueOf(o[key]); v.IsValid() && (v.Kind() == reflect.Map || v.Kind() == reflect.Slice) && v.Len() == 0 {
		delete(o, key)
	}
}

// containers are the pod's containers by list and place, so that those of two pods can be put beside each other.
func (o object) containers() map[string]object {
	all := map[string]object{}
	for _, list := range []string{"initContainers", "containers", "ephemeralContainers"} {
		items, _ := o.at("spec")[list].([]any)
		for i, item := range items {
			if c, ok := item.(map[string]any); ok {
				all[fmt.Sprint(list, i)] = c
			}
		}
	}
	return all
}

// added takes members of the spec out that were not sent.
func added(keys ...string) func(pod, sent object) {
	return func(pod, sent object) {
		for _, key := range keys {
			if _, was := sent.at("spec")[key]; !was {
				delete(pod.at("spec"), key)
			}
		}
	}
}

func serverMetadata(pod, _ object) {
	metadata := pod.at("metadata")
	for _, key := range []string{
		"uid", "creationTimestamp", "generation", "resourceVersion", "selfLink", "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds",
	} {
		delete(metadata, key)
	}
	if owners, ok := metadata["ownerReferences"].([]any); ok {
		var once []any
		for _, owner := range owners {
			if !slices.ContainsFunc(once, func(other any) bool { return reflect.DeepEqual(owner, other) }) {
				once = append(once, owner)
			}
		}
		metadata["ownerReferences"] = once
	}
}

func generatedName(pod, sent object) {
	if name, _ := sent.at("metadata")["name"].(string); name == "" {
		delete(pod.at("metadata"), "name")
	}
}

func tolerations(pod, sent object) {
	was, _ := sent.at("spec")["tolerations"].([]any)
	is, _ := pod.at("spec")["tolerations"].([]any)
	kept := slices.DeleteFunc(slices.Clone(is), func(t any) bool {
		return !slices.ContainsFunc(was, func(other any) bool { return reflect.DeepEqual(t, other) })
	})
	if spec := pod.at("spec"); spec != nil && is != nil {
		spec["tolerations"] = kept
		spec.prune("tolerations")
	}
}

func nodeSelector(pod, sent object) {
	was, spec := sent.at("spec").at("nodeSelector"), pod.at("spec")
	for key := range spec.at("nodeSelector") {
		if _, sent := was[key]; !sent {
			delete(spec.at("nodeSelector"), key)
		}
	}
	spec.prune("nodeSelector")
}

func resources(pod, sent object) {
	was := sent.containers()
	for place, c := range pod.containers() {
		for _, kind := range []string{"limits", "requests"} {
			list := c.at("resources").at(kind)
			for name := range list {
				if _, sent := was[place].at("resources").at(kind)[name]; !sent {
					delete(list, name)
				}
			}
			c.at("resources").prune(kind)
		}
	}
	if _, was := sent.at("metadata").at("annotations")["kubernetes.io/limit-ranger"]; !was {
		delete(pod.at("metadata").at("annotations"), "kubernetes.io/limit-ranger")
		pod.at("metadata").prune("annotations")
	}
}

func imagePullPolicy(pod, sent object) {
	was := sent.containers()
	for place, c := range pod.containers() {
		if c["imagePullPolicy"] == "Always" && was[place] != nil {
			c["imagePullPolicy"] = was[place]["imagePullPolicy"]
		}
	}
}

func gracePeriod(pod, sent object) {
	was, _ := sent.at("spec")["terminationGracePeriodSeconds"].(json.Number)
	if strings.HasPrefix(was.String(), "-") && pod.at("spec")["terminationGracePeriodSeconds"] == json.Number("1") {
		pod.at("spec")["terminationGracePeriodSeconds"] = was
	}
}

func claimTemplate(pod, _ object) {
	volumes, _ := pod.at("spec")["volumes"].([]any)
	for _, volume := range volumes {
		if v, ok := volume.(map[string]any); ok {
			metadata := object(v).at("ephemeral").at("volumeClaimTemplate").at("metadata")
			if metadata["creationTimestamp"] == nil {
				delete(metadata, "creationTimestamp")
			}
		}
	}
}
