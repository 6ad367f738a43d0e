// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// maxPodFile is the size of the largest --pod file. An API server refuses objects of more than 3 MiB.
const maxPodFile = 4 << 20

// readWorkloads gives every object of the --pod file that makes pods; there has to be one.
func (o *explainOptions) readWorkloads(stdin io.Reader) ([]*workload, error) {
	data, err := o.readPodFile(stdin)
	if err != nil {
		return nil, err
	}
	var workloads []*workload
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for n := 1; ; n++ {
		document, err := documents.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: document %d: %w", o.pod, n, err)
		}
		object, err := yaml.YAMLToJSONStrict(document)
		if err == nil {
			workloads, err = appendWorkloads(workloads, object)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: document %d: %w", o.pod, n, err)
		}
	}
	if len(workloads) == 0 {
		return nil, fmt.Errorf("%s: no Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or CronJob in it", o.pod)
	}
	return workloads, nil
}

func (o *explainOptions) readPodFile(stdin io.Reader) ([]byte, error) {
	in := stdin
	if o.pod == "-" {
		if slices.Contains(o.paths, "-") {
			return nil, errors.New("--pod and -f both name standard input")
		}
	} else {
		file, err := os.Open(o.pod)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	data, err := io.ReadAll(io.LimitReader(in, maxPodFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.pod, err)
	}
	if len(data) > maxPodFile {
		return nil, fmt.Errorf("%s: larger than %d MiB", o.pod, maxPodFile>>20)
	}
	return data, nil
}

// appendWorkloads adds what one object holds: itself, or the items of a List.
func appendWorkloads(workloads []*workload, data []byte) ([]*workload, error) {
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		return workloads, nil
	}
	var object struct {
		metav1.TypeMeta `json:",inline"`
		Items           []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, fmt.Errorf("not a Kubernetes object: %w", err)
	}
	if object.Kind == "List" {
		for _, item := range object.Items {
			var err error
			if workloads, err = appendWorkloads(workloads, item); err != nil {
				return nil, err
			}
		}
		return workloads, nil
	}
	w, ok, err := decodeWorkload(object.APIVersion, object.Kind, data)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", object.APIVersion, object.Kind, err)
	}
	if ok {
		workloads = append(workloads, w)
	}
	return workloads, nil
}
