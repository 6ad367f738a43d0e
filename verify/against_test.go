// SPDX-License-Identifier: Apache-2.0

package verify

import "testing"

func TestWhatIsSaidOfAClusterKeepsNames(t *testing.T) {
	for of, want := range map[string]string{
		`native chooses "bundle", the bundle "bundles"`:            `native chooses "bundle", the cluster "bundles"`,
		"the pods differ at /metadata/labels/bundle (bundle only)": "the pods differ at /metadata/labels/bundle (cluster only)",
		"native's message is no order of the bundle's violations":  "native's message is no order of the cluster's violations",
	} {
		if got := ofCluster(of); got != want {
			t.Errorf("%s: %s", of, got)
		}
	}
}
