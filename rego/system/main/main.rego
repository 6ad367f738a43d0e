# METADATA
# title: system.main
# description: |
#   OPA's default decision, so that a webhook may call the server's root: the same as
#   data.psp.validate.
package system.main

import data.psp

# METADATA
# description: admission.k8s.io/v1
apiVersion := psp.validate.apiVersion

# METADATA
# description: AdmissionReview
kind := psp.validate.kind

# METADATA
# description: the response of data.psp.validate
response := psp.validate.response
