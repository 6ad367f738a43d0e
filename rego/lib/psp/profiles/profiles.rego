# METADATA
# title: profiles
# description: |
#   Profiles of seccomp and AppArmor: fields for the names under which annotations and
#   policies know them.
#   seccompFieldForAnnotation and apparmorFieldForAnnotation in
#   pkg/registry/core/pod/strategy.go (v1.24.17, v1.30.14)
package lib.psp.profiles

# METADATA
# description: the field that says the same as the name; undefined for a name that no field says
field(name) := profile if {
	profile := {"runtime/default": {"type": "RuntimeDefault"}, "unconfined": {"type": "Unconfined"}}[name]
} else := {"type": "Localhost", "localhostProfile": file} if {
	startswith(name, "localhost/")
	file := substring(name, 10, -1)
	file != ""
}
