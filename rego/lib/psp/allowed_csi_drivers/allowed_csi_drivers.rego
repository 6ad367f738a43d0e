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
# description: drivers of all csi volumes
used := {object.get(volume, ["csi", "driver"], "") |
	some i, "csi" in volumes.types
	volume := pod.spec.volumes[i]
}

# METADATA
# description: violations by a driver that is not among the allowed ones
not_allowed(driver) := {[[0, 8, i], path, "Invalid value", driver, "Inline CSI driver is not allowed to be used"] |
	some i, used_driver in _drivers
	used_driver == driver
	path := sprintf("spec.volumes[%d].csi.driver", [i])
}

_drivers[i] := object.get(pod.spec.volumes[i], ["csi", "driver"], "") if {
	some i, "csi" in volumes.types
}
