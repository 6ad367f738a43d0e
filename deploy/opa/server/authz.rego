# METADATA
# title: system.authz
# description: |
#   Who may ask this OPA what: the two questions of the webhooks, its health and its
#   metrics, for everybody who reaches it. Its other APIs, which write policies and
#   evaluate any query, are closed. Read only with --authorization=basic.
package system.authz

# METADATA
# description: true for a request that is answered
default allow := false

allow if {
	input.method == "POST"
	input.path in [["v0", "data", "psp", "mutate"], ["v0", "data", "psp", "validate"]]
}

allow if {
	input.method == "GET"
	input.path in [["health"], ["metrics"]]
}
