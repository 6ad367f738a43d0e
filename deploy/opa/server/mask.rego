# METADATA
# title: system.log
# description: |
#   What the decision log does not tell: values of environment variables, in every
#   container of the pod and of the pod as it was, and the copy of the manifest that
#   kubectl keeps in an annotation, also where a patch writes all annotations again.
#   Names, and references to Secrets and ConfigMaps, stay.
package system.log

# METADATA
# description: what is replaced, as OPA's decision log plugin takes it
mask contains {"op": "upsert", "path": path, "value": value} if some path, value in _replaced

_hidden := "**hidden**"

_manifest := "kubectl.kubernetes.io/last-applied-configuration"

_lists := ["containers", "ephemeralContainers", "initContainers"]

_replaced[path] := [_variable(variable) | some variable in env] if {
	some pod in ["object", "oldObject"]
	some list in _lists
	some i, container in input.input.request[pod].spec[list]
	env := container.env
	is_array(env)
	path := sprintf("/input/request/%s/spec/%s/%v/env", [pod, list, i])
}

# what is no list, no API server lets through; nobody knows what is in it
_replaced[path] := _hidden if {
	some pod in ["object", "oldObject"]
	some list in _lists
	some i, container in input.input.request[pod].spec[list]
	not is_array(object.get(container, "env", []))
	path := sprintf("/input/request/%s/spec/%s/%v/env", [pod, list, i])
}

# a path cannot name a key with a slash in it
_replaced[path] := object.union(annotations, {_manifest: _hidden}) if {
	some pod in ["object", "oldObject"]
	annotations := input.input.request[pod].metadata.annotations
	annotations[_manifest]
	path := sprintf("/input/request/%s/metadata/annotations", [pod])
}

_replaced["/result/response/patch"] := base64.encode(json.marshal(masked)) if {
	operations := json.unmarshal(base64.decode(input.result.response.patch))
	masked := [_operation(operation) | some operation in operations]
	masked != operations
}

_variable(variable) := object.union(variable, {"value": _hidden}) if {
	is_string(variable.value)
} else := object.filter(variable, ["name", "valueFrom"]) if {
	is_object(variable)
} else := _hidden

_operation(operation) := object.union(operation, {"value": {_manifest: _hidden}}) if {
	operation.value[_manifest]
} else := operation
