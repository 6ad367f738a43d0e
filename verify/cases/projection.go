// SPDX-License-Identifier: Apache-2.0

package cases

// projection is the sources of a projected volume: what a service account token volume looks like,
// or that with one thing changed. Only the former is covered by `secret` in a policy's volumes
// (pkg/security/podsecuritypolicy/util/util.go, v1.24.17).
func (g *gen) projection() []any {
	sources := []any{}
	if g.chance(0.9) {
		sources = append(sources, Object{"serviceAccountToken": g.tokenSource()})
	}
	if g.chance(0.7) {
		sources = append(sources, Object{"configMap": g.configMapSource()})
	}
	if g.chance(0.7) {
		sources = append(sources, Object{"downwardAPI": Object{"items": g.downwardItems()}})
	}
	if g.chance(0.25) {
		sources = append(sources, pick(g,
			Object{"secret": Object{"name": "s"}},
			Object{}, // a source without any projection
			Object{"serviceAccountToken": Object{"path": "token"}, "secret": Object{"name": "s"}},
			Object{"configMap": Object{"name": "kube-root-ca.crt"}, "downwardAPI": Object{"items": []any{}}},
			Object{"serviceAccountToken": Object{"path": "token"}, "configMap": Object{"name": "other"}},
		))
	}
	if g.chance(0.3) {
		g.Shuffle(len(sources), func(i, j int) { sources[i], sources[j] = sources[j], sources[i] })
	}
	return sources
}

func (g *gen) tokenSource() Object {
	if g.chance(0.6) {
		return Object{"path": "token", "expirationSeconds": 3607}
	}
	return pick(g,
		Object{"path": "token"},
		Object{"path": "token", "audience": "vault"},
		Object{"path": "token", "audience": ""},
		Object{"path": "Token"},
		Object{"path": "tokens"},
		Object{"path": "dir/token"},
		Object{"path": "token", "expirationSeconds": 999999},
	)
}

func (g *gen) configMapSource() Object {
	if g.chance(0.7) {
		return Object{"name": "kube-root-ca.crt", "items": []any{Object{"key": "ca.crt", "path": "ca.crt"}}}
	}
	return pick(g,
		Object{"name": "kube-root-ca.crt"},
		Object{"name": "kube-root-ca.crt", "optional": true, "items": []any{Object{"key": "x", "path": "y", "mode": 256}}},
		Object{"name": "kube-root-ca"},
		Object{"name": "other"},
		Object{},
	)
}

func (g *gen) downwardItems() []any {
	field := func(path, version, field string) Object {
		ref := Object{"fieldPath": field}
		if version != "" {
			ref["apiVersion"] = version
		}
		return Object{"path": path, "fieldRef": ref}
	}
	if g.chance(0.6) {
		return []any{field("namespace", "v1", "metadata.namespace")}
	}
	return pick(g,
		[]any{},
		[]any{field("namespace", "", "metadata.namespace")},
		[]any{field("namespace", "v1", "metadata.name")},
		[]any{field("name", "v1", "metadata.namespace")},
		[]any{field("namespace", "v2", "metadata.namespace")},
		[]any{field("namespace", "v1", "metadata.namespace"), field("labels", "v1", "metadata.labels")},
		[]any{Object{"path": "namespace", "resourceFieldRef": Object{"containerName": "c0", "resource": "limits.cpu"}}},
		[]any{Object{"path": "namespace", "fieldRef": Object{"fieldPath": "metadata.namespace"}, "mode": 292}},
		[]any{Object{"path": "namespace"}},
	)
}
