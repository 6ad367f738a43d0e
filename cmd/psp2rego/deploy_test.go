// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"psp2rego/verify"
)

// TestTheJobRunsEveryShardOnce expands the job's command as its shell does, for each index.
func TestTheJobRunsEveryShardOnce(t *testing.T) {
	job := readJob(t, "verify-job.yaml")
	if *job.Spec.CompletionMode != batchv1.IndexedCompletion || *job.Spec.Parallelism != *job.Spec.Completions {
		t.Errorf("%s completion, %d pods of %d at once", *job.Spec.CompletionMode, *job.Spec.Parallelism, *job.Spec.Completions)
	}
	files := map[string]bool{}
	for index := range int(*job.Spec.Completions) {
		words := jobCommand(t, job, index)
		cmd, _, err := newRootCommand().Find(words)
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.ParseFlags(words); err != nil {
			t.Fatalf("%v: %v", words, err)
		}
		shard, err := verify.ParseShard(cmd.Flag("shard").Value.String())
		if err != nil || shard != (verify.Shard{Index: index + 1, Of: int(*job.Spec.Completions)}) {
			t.Errorf("index %d does shard %s, %v", index, shard, err)
		}
		if !cmd.Flags().Changed("seed") {
			t.Error("the shards have no seed in common")
		}
		files[cmd.Flag("resume").Value.String()] = true
	}
	if len(files) != int(*job.Spec.Completions) {
		t.Errorf("the shards keep their state in %d files", len(files))
	}
	merge := readJob(t, "verify-merge-job.yaml")
	if err := parses(jobCommand(t, merge, 0)); err != nil {
		t.Error(err)
	}
	results := func(job *batchv1.Job) string {
		return job.Spec.Template.Spec.Volumes[0].PersistentVolumeClaim.ClaimName + job.Spec.Template.Spec.Containers[0].VolumeMounts[0].MountPath
	}
	if results(job) != results(merge) {
		t.Errorf("results are kept in %s and sought in %s", results(job), results(merge))
	}
}

// jobCommand is what the container's command runs, without psp2rego itself.
func jobCommand(t *testing.T, job *batchv1.Job, index int) []string {
	t.Helper()
	container := job.Spec.Template.Spec.Containers[0]
	text, ok := strings.CutPrefix(container.Args[0], "exec psp2rego ")
	if !ok || strings.Join(container.Command, " ") != "/bin/sh -c" {
		t.Fatalf("runs %v %v", container.Command, container.Args)
	}
	shell := exec.CommandContext(t.Context(), "/bin/sh", "-c", "echo "+text)
	shell.Env = []string{"JOB_COMPLETION_INDEX=" + strconv.Itoa(index)}
	for _, variable := range container.Env {
		shell.Env = append(shell.Env, variable.Name+"="+variable.Value)
	}
	out, err := shell.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// readJob reads the last document of a manifest, which is a job, and makes sure that all are what they say.
func readJob(t *testing.T, name string) *batchv1.Job {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	documents := bytes.Split(data, []byte("\n---\n"))
	for _, document := range documents[:len(documents)-1] {
		if err := yaml.UnmarshalStrict(document, &corev1.PersistentVolumeClaim{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	job := &batchv1.Job{}
	if err := yaml.UnmarshalStrict(documents[len(documents)-1], job); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if job.Kind != "Job" || job.APIVersion != "batch/v1" || len(job.Spec.Template.Spec.Containers) != 1 {
		t.Fatalf("%s: %s %s with %d containers", name, job.APIVersion, job.Kind, len(job.Spec.Template.Spec.Containers))
	}
	return job
}
