// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// prepared asks for the preparation of a request.
func prepared(t *testing.T, e *evaluator, overrides string) map[string]any {
	t.Helper()
	r := e.ask("prepare", podRequestYAML(t, overrides))
	if r.Error != nil {
		t.Fatal(r.Error)
	}
	return r.Request
}

// wantJSON is a value of an answer, written as YAML.
func wantJSON(t *testing.T, text string) any {
	t.Helper()
	var value any
	mustYAML(t, text, &value)
	return value
}

func TestPrepareGivesWhatAWebhookWouldSee(t *testing.T) {
	got := prepared(t, start(t), `
object:
  metadata: {name: p}
  unknown: {field: ignored}
  spec:
    hostNetwork: true
    volumes: [{name: v}]
    containers: [{name: c, image: i, ports: [{containerPort: 80}]}]
`)
	want := wantJSON(t, `
operation: CREATE
namespace: ns
name: p
subResource: ""
resource: {group: "", version: v1, resource: pods}
kind: {group: "", version: v1, kind: Pod}
userInfo: {username: jeff, groups: ['system:authenticated']}
object:
  apiVersion: v1
  kind: Pod
  metadata: {name: p, namespace: ns, creationTimestamp: null}
  spec:
    hostNetwork: true
    volumes:
    - {name: v, emptyDir: {}}
    - name: kube-api-access-00000
      projected:
        defaultMode: 420
        sources:
        - serviceAccountToken: {expirationSeconds: 3607, path: token}
        - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
        - downwardAPI: {items: [{path: namespace, fieldRef: {apiVersion: v1, fieldPath: metadata.namespace}}]}
    containers:
    - name: c
      image: i
      ports: [{containerPort: 80, hostPort: 80, protocol: TCP}]
      imagePullPolicy: Always
      resources: {}
      terminationMessagePath: /dev/termination-log
      terminationMessagePolicy: File
      volumeMounts: [{name: kube-api-access-00000, readOnly: true, mountPath: /var/run/secrets/kubernetes.io/serviceaccount}]
    dnsPolicy: ClusterFirst
    enableServiceLinks: true
    restartPolicy: Always
    schedulerName: default-scheduler
    securityContext: {}
    serviceAccount: default
    serviceAccountName: default
    terminationGracePeriodSeconds: 30
  status: {}
`)
	if diff := cmp.Diff(want, any(got)); diff != "" {
		t.Errorf("prepared request (-want +got):\n%s", diff)
	}
}

func TestPrepareLeavesARequestAboutSomethingElseAlone(t *testing.T) {
	e := start(t)
	for _, overrides := range []string{
		`{resource: {group: "", version: v1, resource: services}, kind: {group: "", version: v1, kind: Service}, name: s, object: {spec: {type: x}}}`,
		`{subResource: eviction, name: p, object: {kind: Eviction}}`,
		`{operation: CONNECT, subResource: exec, name: p, object: {command: [sh]}}`,
	} {
		got := prepared(t, e, overrides)
		var want map[string]any
		mustYAML(t, podRequestYAML(t, overrides), &want)
		request := want["request"].(map[string]any)
		if request["subResource"] == nil {
			request["subResource"] = ""
		}
		if diff := cmp.Diff(request, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", overrides, diff)
		}
	}
}

func TestTokenVolume(t *testing.T) {
	e := start(t)
	for _, tc := range []struct{ name, object, volumes, mounts string }{
		{
			"every container without a mount of its own gets one",
			`{spec: {initContainers: [{name: i, image: i}], containers: [{name: c, image: i}, {name: d, image: i, volumeMounts: [{name: m, mountPath: /var/run/secrets/kubernetes.io/serviceaccount}]}]}}`,
			"kube-api-access-00000", "kube-api-access-00000 kube-api-access-00000 m",
		},
		{"an automount preference counts", `{spec: {automountServiceAccountToken: false}}`, "", ""},
		{
			"a token volume that is there is used",
			`{spec: {volumes: [{name: kube-api-access-abcde, emptyDir: {}}]}}`, "kube-api-access-abcde", "kube-api-access-abcde",
		},
		{
			"a mount elsewhere keeps its name",
			`{spec: {containers: [{name: c, image: i, volumeMounts: [{name: kube-api-access-00000, mountPath: /x}]}]}}`,
			"kube-api-access-00000", "kube-api-access-00000 kube-api-access-00000",
		},
	} {
		spec := prepared(t, e, `object: `+tc.object)["object"].(map[string]any)["spec"].(map[string]any)
		volumes, mounts := namesOf(spec["volumes"]), []string{}
		for _, key := range []string{"initContainers", "containers"} {
			containers, _ := spec[key].([]any)
			for _, c := range containers {
				mounts = append(mounts, namesOf(c.(map[string]any)["volumeMounts"])...)
			}
		}
		if strings.Join(volumes, " ") != tc.volumes || strings.Join(mounts, " ") != tc.mounts {
			t.Errorf("%s: volumes %q, mounts %q", tc.name, volumes, mounts)
		}
	}
}

func namesOf(list any) []string {
	var all []string
	members, _ := list.([]any)
	for _, member := range members {
		all = append(all, member.(map[string]any)["name"].(string))
	}
	return all
}

// Preparing twice is preparing once, so that a recorded request can be asked again.
func TestPrepareIsIdempotent(t *testing.T) {
	e := start(t)
	once := prepared(t, e, benchPod)
	r := e.ask("prepare", mustJSON(t, map[string]any{"request": once}))
	if diff := cmp.Diff(once, r.Request); diff != "" {
		t.Errorf("second preparation (-first +second):\n%s", diff)
	}
}
