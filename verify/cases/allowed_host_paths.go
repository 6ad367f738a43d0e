// SPDX-License-Identifier: Apache-2.0

package cases

import "strings"

// allowedHostPaths varies the paths of hostPath volumes and whether they are mounted read-only
// (section D6).
func allowedHostPaths() check {
	return check{
		name:    "allowed_host_paths",
		weight:  4,
		narrows: func(p *Policy) bool { return len(p.Spec.AllowedHostPaths) > 0 },
		narrow:  narrowHostPaths,
		comply: func(g *gen, p *Policy, pod pod) {
			removeVolumes(pod, func(field string) bool { return field == "hostPath" })
			if !allowsVolume(p, "hostPath") || !g.chance(g.settings.Use*2) {
				return
			}
			if len(p.Spec.AllowedHostPaths) == 0 {
				g.addHostPath(pod, "/var/data", false)
				return
			}
			entry := pick(g, p.Spec.AllowedHostPaths...)
			prefix := strings.TrimSuffix(entry.PathPrefix, "/")
			g.addHostPath(pod, prefix+pick(g, "", "/", "/x", "/x/y", "/.."), entry.ReadOnly || g.chance(0.2))
		},
		edge: func(g *gen, p *Policy, pod pod) {
			paths := []string{"/", "", "etc", "/etc", "/foo/../etc", "//foo", "/foo"}
			for _, entry := range p.Spec.AllowedHostPaths {
				paths = append(paths, g.pathsAround(entry.PathPrefix)...)
			}
			for range 1 + g.IntN(2) {
				g.addHostPath(pod, g.text(paths...), g.chance(0.4))
			}
		},
	}
}

func narrowHostPaths(g *gen, p *Policy) {
	prefixes := []string{"/foo", "/foo/bar", "/var/data", "/dev/null", "/foo/", "/var", "/a"}
	if g.odd() {
		prefixes = []string{"/", "/foo//", "//", "foo", "", "/foo/..", "/./a", "/FOO", "/ü \"quoted\"\n"}
	}
	p.Spec.AllowedHostPaths = nil
	for _, prefix := range some(g, 1, 3, prefixes...) {
		p.Spec.AllowedHostPaths = append(p.Spec.AllowedHostPaths, HostPath{prefix, g.chance(0.4)})
	}
	if g.chance(0.2) { // the same prefix, read-only and writable
		first := p.Spec.AllowedHostPaths[0]
		p.Spec.AllowedHostPaths = append(p.Spec.AllowedHostPaths, HostPath{first.PathPrefix, !first.ReadOnly})
	}
	if !allowsVolume(p, "hostPath") && g.chance(0.8) {
		p.Spec.Volumes = append(p.Spec.Volumes, "hostPath")
	}
}

func (g *gen) pathsAround(prefix string) []string {
	bare := strings.TrimSuffix(prefix, "/")
	return []string{
		prefix, bare, bare + "/", bare + "//", bare + "x", bare + "/x", bare + "/x/", bare + "//x", bare + "/../x",
		"/" + bare, strings.TrimPrefix(bare, "/"), strings.ToUpper(bare), less(bare),
		bare + "/..", "/x" + bare, bare + " ",
	}
}

// addHostPath adds the volume and mounts it, read-only or not, in no, one or several containers.
func (g *gen) addHostPath(pod pod, path string, readOnly bool) {
	list, _ := pod.spec()["volumes"].([]any)
	name := "h" + string(rune('a'+len(list)%26))
	if len(list) > 0 && g.chance(0.05) { // refused by the API; mounts are found by name
		name, _ = list[0].(Object)["name"].(string)
	}
	source := Object{"path": path}
	if g.chance(0.2) {
		source["type"] = pick(g, "", "Directory", "File", "DirectoryOrCreate")
	}
	add(pod.spec(), "volumes", Object{"name": name, "hostPath": source})
	for _, c := range some(g, 0, 2, pod.containers()...) {
		mount := Object{"name": name, "mountPath": "/" + name}
		if readOnly {
			mount["readOnly"] = true
		} else if g.chance(0.2) {
			mount["readOnly"] = pick[any](g, false, nil)
		}
		if g.chance(0.1) {
			mount["subPath"] = "s"
		}
		add(c.Object, "volumeMounts", mount)
	}
}
