// SPDX-License-Identifier: Apache-2.0

package cases

// Fields of pods that PodSecurityPolicy does not look at. They must come through unchanged, count
// when an update is compared with what is stored, and never decide.

// addFields gives the pod some of them, at both levels.
func (g *gen) addFields(p pod, low, high int) {
	for _, fields := range some(g, low, high, g.podFields()...) {
		merge(p.spec(), fields)
	}
	for _, c := range p.containers() {
		for _, fields := range some(g, 0, high/2, g.containerFields()...) {
			merge(c.Object, fields)
		}
	}
}

func merge(o, fields Object) {
	for key, value := range fields {
		o[key] = cloned(value)
	}
}

// podFields are fields of a pod's spec.
func (g *gen) podFields() []Object {
	return []Object{
		{"restartPolicy": pick(g, "Always", "OnFailure", "Never", "")},
		{"dnsPolicy": pick(g, "Default", "ClusterFirst", "None"), "dnsConfig": Object{
			"nameservers": []any{"10.0.0.10"}, "searches": []any{"example.com"}, "options": []any{Object{"name": "ndots", "value": "2"}, Object{"name": "debug"}},
		}},
		{"enableServiceLinks": g.chance(0.5)},
		{"hostAliases": []any{Object{"ip": "10.1.2.3", "hostnames": []any{"a.example", "b.example"}}}},
		{"hostname": "h", "subdomain": pick(g, "s", ""), "setHostnameAsFQDN": pick[any](g, true, false, nil)},
		{"imagePullSecrets": []any{Object{"name": "pull"}, Object{"name": ""}}},
		{"nodeName": pick(g, "n1", "")},
		{"nodeSelector": Object{"disk": pick(g, "ssd", "")}},
		{"overhead": Object{"cpu": g.quantity()}},
		{"preemptionPolicy": pick(g, "Never", "PreemptLowerPriority")},
		{"priority": pick[int64](g, 0, -1, 2000000000), "priorityClassName": pick(g, "high", "system-node-critical", "")},
		{"readinessGates": []any{Object{"conditionType": "example.com/ready"}}},
		{"schedulerName": pick(g, "own", "default-scheduler", "")},
		{"shareProcessNamespace": pick[any](g, true, false, nil)},
		{"terminationGracePeriodSeconds": pick[any](g, int64(0), int64(30), nil)},
		{"tolerations": []any{
			Object{"key": "k", "operator": "Equal", "value": "v", "effect": "NoExecute", "tolerationSeconds": 300},
			Object{"operator": "Exists"},
		}},
		{"topologySpreadConstraints": []any{Object{
			"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
			"labelSelector": Object{"matchLabels": Object{"tier": "web"}}, "minDomains": pick[any](g, 2, nil),
		}}},
		{"affinity": g.affinity()},
		{"os": Object{"name": pick(g, "linux", "windows")}},
	}
}

func (g *gen) affinity() Object {
	term := Object{"topologyKey": "zone", "namespaces": []any{"default"}, "labelSelector": Object{
		"matchExpressions": []any{Object{"key": "tier", "operator": pick(g, "In", "NotIn"), "values": []any{"web"}}},
	}}
	return pick(g,
		Object{},
		Object{"nodeAffinity": Object{"requiredDuringSchedulingIgnoredDuringExecution": Object{"nodeSelectorTerms": []any{
			Object{"matchExpressions": []any{Object{"key": "disk", "operator": "Exists"}}},
		}}}},
		Object{"podAffinity": Object{"requiredDuringSchedulingIgnoredDuringExecution": []any{term}}},
		Object{"podAntiAffinity": Object{"preferredDuringSchedulingIgnoredDuringExecution": []any{
			Object{"weight": 1, "podAffinityTerm": term},
		}}},
	)
}

// containerFields are fields of a container; some do not exist for ephemeral ones, which API
// validation says and policies do not.
func (g *gen) containerFields() []Object {
	return []Object{
		{"args": []any{"--x", ""}, "command": []any{"sh", "-c", "\"quoted\" \\ $(X)"}},
		{"env": []any{
			Object{"name": "A", "value": ""},
			Object{"name": "B", "valueFrom": Object{"fieldRef": Object{"fieldPath": "spec.nodeName"}}},
			Object{"name": "C", "valueFrom": Object{"secretKeyRef": Object{"name": "s", "key": "k", "optional": true}}},
		}},
		{"envFrom": []any{Object{"prefix": "P_", "configMapRef": Object{"name": "c"}}, Object{"secretRef": Object{"name": "s"}}}},
		{"image": pick(g, "", "registry.example/app@sha256:0123", "app")},
		{"imagePullPolicy": pick(g, "Always", "Never", "IfNotPresent", "")},
		{"lifecycle": Object{"preStop": g.handler(), "postStart": g.handler()}},
		{"livenessProbe": g.probe()},
		{"readinessProbe": g.probe()},
		{"startupProbe": g.probe()},
		{"resources": Object{"limits": Object{"cpu": g.quantity(), "memory": g.quantity()}, "requests": Object{"example.com/gpu": "1"}}},
		{"stdin": true, "stdinOnce": g.chance(0.5), "tty": g.chance(0.5)},
		{"terminationMessagePath": pick(g, "/dev/x", ""), "terminationMessagePolicy": pick(g, "File", "FallbackToLogsOnError", "")},
		{"volumeDevices": []any{Object{"name": "block", "devicePath": "/dev/xvda"}}},
		{"workingDir": pick(g, "/w", "")},
	}
}

// handler is an action of a probe or of a lifecycle; ports are numbers or names.
func (g *gen) handler() Object {
	return pick(g,
		Object{"exec": Object{"command": []any{"true"}}},
		Object{"httpGet": Object{"path": "/", "port": pick[any](g, 80, "80", "http"), "host": "127.0.0.1", "scheme": pick(g, "HTTP", "HTTPS", "")}},
		Object{"tcpSocket": Object{"port": pick[any](g, 80, "http")}},
		Object{},
	)
}

func (g *gen) probe() Object {
	probe := g.handler()
	if g.chance(0.3) {
		probe = Object{"grpc": Object{"port": 5000, "service": pick[any](g, "", "s", nil)}}
	}
	probe["periodSeconds"], probe["failureThreshold"] = pick(g, 0, 1, 10), pick(g, 0, 3)
	if g.chance(0.3) {
		probe["terminationGracePeriodSeconds"] = 30
	}
	return probe
}
