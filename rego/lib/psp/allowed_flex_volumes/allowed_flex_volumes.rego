# METADATA
# title: allowedFlexVolumes
# description: |
#   Drivers a FlexVolume may name. An empty list allows every driver; the volume
#   type flexVolume must be allowed besides.
#   pkg/security/podsecuritypolicy/provider.go (v1.24.17)
# custom:
#   pod_fields:
#     - spec.volumes[*].flexVolume.driver
package lib.psp.allowed_flex_volumes

import data.lib.psp.pod
import data.lib.psp.volumes

# METADATA
# description: drivers of all flexVolume volumes
used := {object.get(volume, ["flexVolume", "driver"], "") |
	some i, "flexVolume" in volumes.types
	volume := pod.spec.volumes[i]
}

# METADATA
# description: violations by a driver that is not among the allowed ones
not_allowed(driver) := {[[0, 8, i], path, "Invalid value", driver, "Flexvolume driver is not allowed to be used"] |
	some i, used_driver in _drivers
	used_driver == driver
	path := sprintf("spec.volumes[%d].driver", [i])
}

_drivers[i] := object.get(pod.spec.volumes[i], ["flexVolume", "driver"], "") if {
	some i, "flexVolume" in volumes.types
}
