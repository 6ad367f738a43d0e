package lib.psp.profiles_test

import data.lib.psp.profiles

test_field[note] if {
	some note, tc in {
		"runtime's default": {"name": "runtime/default", "want": {{"type": "RuntimeDefault"}}},
		"unconfined": {"name": "unconfined", "want": {{"type": "Unconfined"}}},
		"file": {"name": "localhost/a/b.json", "want": {{"type": "Localhost", "localhostProfile": "a/b.json"}}},
		"no file": {"name": "localhost/", "want": set()},
		"another name": {"name": "docker/default", "want": set()},
		"nothing": {"name": "", "want": set()},
	}

	{field | field := profiles.field(tc.name)} == tc.want
}
