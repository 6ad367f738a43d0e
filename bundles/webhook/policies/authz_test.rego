package system.authz_test

import data.system.authz

test_allow[note] if {
	some note, tc in {
		"mutate": {"method": "POST", "path": ["v0", "data", "psp", "mutate"], "want": true},
		"validate": {"method": "POST", "path": ["v0", "data", "psp", "validate"], "want": true},
		"health": {"method": "GET", "path": ["health"], "want": true},
		"metrics": {"method": "GET", "path": ["metrics"], "want": true},
		"explain tells who may use what": {"method": "POST", "path": ["v0", "data", "psp", "explain"], "want": false},
		"another version": {"method": "POST", "path": ["v1", "data", "psp", "mutate"], "want": false},
		"below a question": {"method": "POST", "path": ["v0", "data", "psp", "mutate", "response"], "want": false},
		"the default decision": {"method": "POST", "path": [""], "want": false},
		"reading data": {"method": "GET", "path": ["v1", "data"], "want": false},
		"writing data": {"method": "PUT", "path": ["v1", "data", "x"], "want": false},
		"writing a question": {"method": "PUT", "path": ["v0", "data", "psp", "mutate"], "want": false},
		"writing a policy": {"method": "PUT", "path": ["v1", "policies", "x"], "want": false},
		"any query": {"method": "POST", "path": ["v1", "query"], "want": false},
		"the health of another package": {"method": "GET", "path": ["health", "live"], "want": false},
		"no path": {"method": "POST", "path": [], "want": false},
	}

	allow := authz.allow with input as object.remove(tc, ["want"])
	allow == tc.want
}

test_nothing_is_refused if {
	not authz.allow with input as {}
}
