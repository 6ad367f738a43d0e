# METADATA
# title: text
# description: |
#   Violations in native's words and order. The words never decide anything: they are
#   built after the decision, from values that are bound already. A violation is
#   [order, path, kind, value, detail]; order starts with 0 for the pod, or 1 and the
#   index of a container, whose path then goes before one that begins with a dot.
#   staging/src/k8s.io/apimachinery/pkg/util/validation/field/errors.go (v1.24.17)
package lib.psp.text

import data.lib.psp.pod

# METADATA
# description: one line for each violation of a set, in native's order
lines(violations) := [line |
	some violation in sort(violations)
	line := _line(violation)
]

default _line(_) := "refused for a reason that cannot be shown"

_line([order, path, kind, value, detail]) := concat(": ", [part |
	some part in [_full(order, path), kind, _shown(kind, value), detail]
	part != ""
])

_full(order, path) := concat("", [pod.paths[order[0] - 1], path]) if {
	startswith(path, ".")
} else := path

_shown("Invalid value", value) := sprintf("%q", [value]) if {
	is_string(value)
} else := sprintf("[]int64{%s}", [concat(", ", [format_int(id, 10) | some id in value])]) if {
	is_array(value)
} else := format_int(value, 10) if {
	# Gatekeeper hands over large numbers as 2.147483647e+09
	is_number(value)
} else := sprintf("%v", [value])

_shown(kind, _) := "" if kind != "Invalid value"
