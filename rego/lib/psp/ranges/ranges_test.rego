package lib.psp.ranges_test

import data.lib.psp.ranges

test_holds[note] if {
	some note, tc in {
		"no ranges": {"ranges": [], "value": 0, "want": false},
		"min - 1": {"ranges": [_range(5, 7)], "value": 4, "want": false},
		"min": {"ranges": [_range(5, 7)], "value": 5, "want": true},
		"between": {"ranges": [_range(5, 7)], "value": 6, "want": true},
		"max": {"ranges": [_range(5, 7)], "value": 7, "want": true},
		"max + 1": {"ranges": [_range(5, 7)], "value": 8, "want": false},
		"0": {"ranges": [_range(0, 0)], "value": 0, "want": true},
		"negative": {"ranges": [_range(-2, 0)], "value": -1, "want": true},
		"second range": {"ranges": [_range(5, 7), _range(9, 9)], "value": 9, "want": true},
		"between two ranges": {"ranges": [_range(5, 7), _range(9, 9)], "value": 8, "want": false},
		"both of two ranges": {"ranges": [_range(5, 7), _range(6, 9)], "value": 6, "want": true},
		"min above max": {"ranges": [_range(7, 5)], "value": 6, "want": false},
		"large ids": {
			"ranges": [_range(9223372036854775806, 9223372036854775807)],
			"value": 9223372036854775807,
			"want": true,
		},
		"above large ids": {"ranges": [_range(1, 9223372036854775806)], "value": 9223372036854775807, "want": false},
		"null": {"ranges": [_range(0, 9)], "value": null, "want": false},
		"string": {"ranges": [_range(0, 9)], "value": "5", "want": false},
		"boolean": {"ranges": [_range(0, 9)], "value": true, "want": false},
		"range without max": {"ranges": [{"min": 0}], "value": 0, "want": false},
	}

	held := [true | ranges.holds(tc.ranges, tc.value)]
	held == {true: [true], false: []}[tc.want]
}

test_ids[note] if {
	some note, tc in {
		"none": {"ranges": [], "want": "[]"},
		"one": {"ranges": [_range(1, 65535)], "want": "[{1 65535}]"},
		"two, in the policy's order": {"ranges": [_range(70000, 70000), _range(1, 2)], "want": "[{70000 70000} {1 2}]"},
		"the same twice": {"ranges": [_range(1, 2), _range(1, 2)], "want": "[{1 2} {1 2}]"},
		"large": {"ranges": [_range(0, 9223372036854775807)], "want": "[{0 9223372036854775807}]"},
	}

	ranges.ids(tc.ranges) == tc.want
}

test_ports[note] if {
	some note, tc in {
		"none": {"ranges": [], "want": "[]"},
		"one port": {"ranges": [_range(80, 80)], "want": "[80]"},
		"a range": {"ranges": [_range(5, 9)], "want": "[5-9]"},
		"several, in the policy's order": {"ranges": [_range(8, 9), _range(1, 1), _range(1, 1)], "want": "[8-9,1,1]"},
		"min above max": {"ranges": [_range(9, 5)], "want": "[9-5]"},
	}

	ranges.ports(tc.ranges) == tc.want
}

_range(lowest, highest) := {"min": lowest, "max": highest}
