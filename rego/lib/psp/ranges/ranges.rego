# METADATA
# title: ranges
# description: |
#   Ranges of ids and ports ({"min": 1, "max": 65535}, both inclusive) as PSP
#   spells them, and their text in native's refusals.
package lib.psp.ranges

# METADATA
# description: true when a range holds value; a range with min above max holds nothing
holds(ranges, value) if {
	some range in ranges
	range.min <= value
	value <= range.max
}

# METADATA
# description: |
#   Go's form of a list of policy.IDRange: [{1 65535} {70000 70000}]
ids(ranges) := sprintf("[%s]", [concat(" ", [_id(range) | some range in ranges])])

_id(range) := sprintf("{%d %d}", [range.min, range.max])

# METADATA
# description: |
#   The form of hostPorts: [80,8000-8080]
ports(ranges) := sprintf("[%s]", [concat(",", [_port(range) | some range in ranges])])

_port(range) := sprintf("%d", [range.min]) if {
	range.min == range.max
} else := sprintf("%d-%d", [range.min, range.max])
