package lib.psp.allowed_host_paths_test

import data.lib.psp.allowed_host_paths
import data.lib.psp.text

test_prefixes[note] if {
	some note, tc in {
		"the prefix itself": {"prefix": "/foo", "path": "/foo", "allowed": true},
		"below": {"prefix": "/foo", "path": "/foo/bar/baz", "allowed": true},
		"above": {"prefix": "/foo/bar", "path": "/foo", "allowed": false},
		"the same letters only": {"prefix": "/foo", "path": "/food", "allowed": false},
		"slash behind the prefix": {"prefix": "/foo/", "path": "/foo", "allowed": true},
		"slash behind the path": {"prefix": "/foo", "path": "/foo/", "allowed": true},
		"slash behind both, below": {"prefix": "/foo/", "path": "/foo/bar/", "allowed": true},
		"one slash of two behind the prefix, the path": {"prefix": "/foo//", "path": "/foo", "allowed": false},
		"one slash of two behind the prefix, below": {"prefix": "/foo//", "path": "/foo/bar", "allowed": false},
		"one slash of two behind the prefix, two slashes": {"prefix": "/foo//", "path": "/foo//bar", "allowed": true},
		"one slash of two behind the prefix, one behind the path": {"prefix": "/foo//", "path": "/foo/", "allowed": false},
		"two slashes behind the path": {"prefix": "/foo", "path": "/foo//", "allowed": true},
		"two slashes in the path": {"prefix": "/foo/bar", "path": "/foo//bar", "allowed": false},
		"dots are not cleaned": {"prefix": "/foo", "path": "/foo/../etc", "allowed": true},
		"a dot is not cleaned": {"prefix": "/foo", "path": "/./foo", "allowed": false},
		"root, everything": {"prefix": "/", "path": "/etc/shadow", "allowed": true},
		"root, root": {"prefix": "/", "path": "/", "allowed": true},
		"root, empty path": {"prefix": "/", "path": "", "allowed": true},
		"root, relative path": {"prefix": "/", "path": "etc", "allowed": false},
		"empty prefix, absolute path": {"prefix": "", "path": "/etc", "allowed": true},
		"empty prefix, relative path": {"prefix": "", "path": "etc", "allowed": false},
		"relative prefix": {"prefix": "foo", "path": "foo/bar", "allowed": true},
		"case": {"prefix": "/Foo", "path": "/foo", "allowed": false},
	}

	refused := {
		true: [],
		false: [sprintf("spec.volumes[0].hostPath.pathPrefix: Invalid value: %q: is not allowed to be used", [tc.path])],
	}
	entries := [{"pathPrefix": tc.prefix, "readOnly": false}]
	got := _told(entries) with input as _review([_host_path("v", tc.path)], [])
	got == refused[tc.allowed]
}

test_outside[note] if {
	some note, tc in {
		"no volumes": {"volumes": [], "want": []},
		"null": {"volumes": null, "want": []},
		"other types": {
			"volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "hostPath": null, "secret": {}}],
			"want": [],
		},
		"each volume, in their order": {
			"volumes": [_host_path("a", "/z"), _host_path("b", "/foo"), {"name": "c", "nfs": {}}, _host_path("d", "/a")],
			"want": [_outside(0, "/z"), _outside(3, "/a")],
		},
		"no path": {"volumes": [{"name": "a", "hostPath": {}}], "want": [_outside(0, "")]},
		"type and mounts play no part": {
			"volumes": [{"name": "a", "hostPath": {"path": "/z", "type": "Directory"}}],
			"want": [_outside(0, "/z")],
		},
	}

	entries := [{"pathPrefix": "/foo", "readOnly": false}, {"pathPrefix": "/bar", "readOnly": true}]
	_told(entries) == tc.want with input as _review(tc.volumes, [_mount("a", false)])
}

test_read_only[note] if {
	some note, tc in {
		"read-only entry, read-only mount": {"entries": [_read_only("/foo")], "mounts": [_mount("v", true)], "want": []},
		"read-only entry, no mounts": {"entries": [_read_only("/foo")], "mounts": [], "want": []},
		"read-only entry, null mounts": {"entries": [_read_only("/foo")], "mounts": null, "want": []},
		"read-only entry, mount of another volume": {
			"entries": [_read_only("/foo")],
			"mounts": [_mount("w", false)],
			"want": [],
		},
		"read-only entry, writable mount": {
			"entries": [_read_only("/foo")],
			"mounts": [_mount("v", false)],
			"want": [_writable("containers", 0)],
		},
		"read-only entry, mount that leaves it open": {
			"entries": [_read_only("/foo")],
			"mounts": [{"name": "v"}, {"name": "v", "readOnly": null}],
			"want": [_writable("containers", 0), _writable("containers", 1)],
		},
		"each mount": {
			"entries": [_read_only("/foo")],
			"mounts": [_mount("v", false), _mount("v", true), _mount("w", false), _mount("v", false)],
			"want": [_writable("containers", 0), _writable("containers", 3)],
		},
		"subPath and mountPropagation play no part": {
			"entries": [_read_only("/foo")],
			"mounts": [{"name": "v", "subPath": "x", "mountPropagation": "None"}],
			"want": [_writable("containers", 0)],
		},
		"a writable entry wins": {
			"entries": [_read_only("/foo/bar"), {"pathPrefix": "/foo", "readOnly": false}],
			"mounts": [_mount("v", false)],
			"want": [],
		},
		"a writable entry wins, whatever the order": {
			"entries": [{"pathPrefix": "/foo", "readOnly": false}, _read_only("/foo/bar")],
			"mounts": [_mount("v", false)],
			"want": [],
		},
		"a writable entry for something else": {
			"entries": [{"pathPrefix": "/x", "readOnly": false}, _read_only("/"), _read_only("/foo")],
			"mounts": [_mount("v", false)],
			"want": [_writable("containers", 0)],
		},
	}

	review := _review([_host_path("v", "/foo/bar"), {"name": "w", "emptyDir": {}}], tc.mounts)
	_told(tc.entries) == tc.want with input as review
}

test_mounts_of_every_container if {
	spec := {
		"volumes": [_host_path("u", "/z"), _host_path("v", "/foo")],
		"ephemeralContainers": [{"name": "e", "volumeMounts": [_mount("v", false)]}],
		"containers": [{"name": "c"}, {"name": "d", "volumeMounts": [_mount("u", false), _mount("v", false)]}],
		"initContainers": [{"name": "i", "volumeMounts": [_mount("v", false)]}],
	}
	want := [
		_outside(0, "/z"),
		_writable("initContainers", 0),
		"spec.containers[1].volumeMounts[1].readOnly: Invalid value: false: must be read-only",
		_writable("ephemeralContainers", 0),
	]
	_told([_read_only("/foo")]) == want with input.request.object.spec as spec
}

test_volumes_without_name_are_told_apart_from_no_mount if {
	spec := {
		"volumes": [{"hostPath": {"path": "/foo"}}],
		"containers": [{"name": "c", "volumeMounts": [{"mountPath": "/x"}]}],
	}
	want := [_writable("containers", 0)]
	_told([_read_only("/foo")]) == want with input.request.object.spec as spec
}

# as a policy puts it together: what is refused, and what is told of it
_refused(entries) := {value | some value in allowed_host_paths.used; not allowed_host_paths.allows(value, entries)}

_told(entries) := text.lines(found) if {
	refused := _refused(entries)
	found := {violation | some value in refused; some violation in allowed_host_paths.not_allowed(value, entries)}
	count({refused == set(), found == set()}) == 1
}

_read_only(prefix) := {"pathPrefix": prefix, "readOnly": true}

_host_path(name, path) := {"name": name, "hostPath": {"path": path}}

_mount(name, read_only) := {"name": name, "mountPath": "/x", "readOnly": read_only}

_outside(i, path) := sprintf(
	"spec.volumes[%d].hostPath.pathPrefix: Invalid value: %q: is not allowed to be used",
	[i, path],
)

_writable(list, j) := sprintf(
	"spec.%s[0].volumeMounts[%d].readOnly: Invalid value: false: must be read-only",
	[list, j],
)

_review(volumes, mounts) := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {"object": {
		"metadata": {"name": "p"},
		"spec": {"containers": [{"name": "c", "volumeMounts": mounts}], "volumes": volumes},
	}},
}
