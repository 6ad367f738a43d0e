# METADATA
# title: allowedCSIDrivers
# description: |
#   Drivers an inline CSI volume may name. An empty list allows every driver; the
#   volume type csi must be allowed besides.
#   pkg/security/podsecuritypolicy/provider.go (v1.24.17)
# custom:
#   pod_fields:
#     - spec.volumes[*].csi.driver
package lib.psp.allowed_csi_drivers

import data.lib.psp.pod
import data.lib.psp.volumes

# METADATA
# description: violations of a non-empty set of drivers
not_allowed(drivers) := {[[0, 8, i], path, "Invalid value", driver, detail] |
	some i, "csi" in volumes.types
	driver := object.get(pod.spec.volumes[i].csi, "driver", "")
	not driver in drivers
	path := sprintf("spec.volumes[%d].csi.driver", [i])
	detail := "Inline CSI driver is not allowed to be used"
}
