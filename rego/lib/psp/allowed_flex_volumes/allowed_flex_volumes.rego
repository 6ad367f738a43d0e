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
# description: violations of a non-empty set of drivers
not_allowed(drivers) := {[[0, 8, i], path, "Invalid value", driver, detail] |
	some i, "flexVolume" in volumes.types
	driver := object.get(pod.spec.volumes[i].flexVolume, "driver", "")
	not driver in drivers
	path := sprintf("spec.volumes[%d].driver", [i])
	detail := "Flexvolume driver is not allowed to be used"
}
