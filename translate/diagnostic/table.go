// SPDX-License-Identifier: Apache-2.0

package diagnostic

import "slices"

// Code explains one code.
type Code struct {
	// ID is what diagnostics carry, such as PSP012.
	ID string
	// Title names the finding in a few words.
	Title string
	// Explanation says what it means for the translation.
	Explanation string
	// Hint says what to do about it.
	Hint string
}

// Codes lists every code, ordered by ID. PSP0xx is about reading, PSP1xx about policies, PSP2xx about who may use
// them, PSP3xx about the tests that are recorded for them.
func Codes() []Code {
	return slices.Concat(files(), objects(), policies(), grants(), tests())
}

func files() []Code {
	return []Code{
		{Unreadable, "unreadable file",
			"A file or folder does not exist, may not be read, is a symbolic link that leads nowhere, or is no regular file in a folder.",
			"Check the path and its permissions."},
		{TooLarge, "too much input",
			"A file, a YAML document that is no list, or the input as a whole is larger than any real cluster's policies and RBAC.",
			"Dump only policies, roles and bindings."},
		{NotText, "no text",
			"A file is binary, compressed or not UTF-8.",
			"Give manifests in YAML or JSON, saved as UTF-8."},
		{MalformedYAML, "malformed YAML",
			"A document cannot be parsed, so nothing is known about what is in it.",
			"Correct it; render templates before giving them to psp2rego."},
		{MalformedJSON, "malformed JSON",
			"A value cannot be parsed, so nothing is known about what is in it.",
			"Correct it; a dump that ends in the middle is the usual cause."},
		{AliasExpansion, "YAML aliases that explode",
			"A small document stands for a huge one, because its aliases repeat parts of it over and over.",
			"Write the values out."},
		{NoObjects, "nothing to read",
			"A source holds no Kubernetes object, or a folder no *.yaml, *.yml or *.json file. An empty dump is more likely a " +
				"command that failed than a cluster without policies.",
			"Check the command that wrote it."},
		{NoPolicies, "no policy",
			"The input was read, but holds no PodSecurityPolicy, so there is nothing to translate.",
			"Add the policies to the input."},
	}
}

func objects() []Code {
	return []Code{
		{NotAnObject, "not a Kubernetes object",
			"A document or an item of a list is no object, or has no apiVersion or kind. What it was meant to be is unknown.",
			"Give manifests only; leave out files such as values.yaml."},
		{UnknownVersion, "unknown version",
			"An object is named like a policy or an RBAC object, but its apiVersion or the spelling of its kind never existed.",
			"Correct it; it would otherwise be ignored."},
		{UnknownField, "unknown field",
			"An object has a field that Kubernetes does not know. If it is a misspelt restriction, ignoring it would open the cluster.",
			"Correct or delete the field."},
		{WrongType, "wrong type",
			"A field holds a value of a type that it cannot have.",
			"Correct the value; a frequent cause are missing or superfluous quotes."},
		{DuplicateField, "duplicate field",
			"A field is given twice, and which one counts depends on the reader.",
			"Delete one of them."},
		{DuplicateObject, "duplicate object",
			"Two objects have the same kind, namespace and name, but different content. A cluster holds only one of them.",
			"Give only the one that counts."},
		{MissingName, "no name",
			"An object has no metadata.name, so it cannot be in a cluster.",
			"Add the name."},
		{OtherKinds, "objects of other kinds",
			"Objects that do not say who may run which pod are ignored.",
			"Nothing, unless a policy or RBAC object is among them."},
		{NamespaceCleared, "namespace on a cluster-wide kind",
			"PodSecurityPolicies, ClusterRoles and ClusterRoleBindings have no namespace; the API server clears it, and so does psp2rego.",
			"Delete the namespace."},
		{NamespaceMissing, "no namespace",
			"A RoleBinding that grants policies has no namespace, so it would grant them nowhere.",
			"Add the namespace that kubectl would have filled in."},
		{LinkSkipped, "link to a folder",
			"Symbolic links to folders are not followed, because they may form loops.",
			"Give the folder itself if its manifests matter."},
		{RepeatedObject, "repeated object",
			"Objects are given several times with the same content. Each is used once.",
			"Nothing."},
	}
}

func policies() []Code {
	const (
		refused = " The API server would refuse the policy today; it is translated as the admission plugin evaluates it if it is stored."
		fix     = "Correct the policy, or leave it if it came from the cluster like that."
	)
	return []Code{
		{InvalidName, "invalid name", "A policy's name is no DNS subdomain." + refused + " For Gatekeeper it is an error: no object can be called after it.", fix},
		{InvalidMetadata, "invalid label or annotation", "The key of an annotation, or a label, is not valid." + refused, fix},
		{UnknownRule, "unknown rule", "A strategy has no rule, or one that does not exist for it." + refused, fix},
		{InvalidRange, "invalid range", "A range of ids is negative or ends before it starts." + refused, fix},
		{GroupRanges, "ranges of runAsGroup", "runAsGroup has ranges that its rule does not take, or lacks those that it needs." + refused, fix},
		{UnknownVolume, "unknown volume type", "An entry of volumes is no volume type and allows nothing." + refused, fix},
		{InvalidHostPath, "invalid host path", "A path prefix is empty or contains \"..\"." + refused, fix},
		{InvalidFlexVolume, "invalid Flexvolume driver", "An entry of allowedFlexVolumes has no driver." + refused, fix},
		{InvalidCSIDriver, "invalid CSI driver", "An entry of allowedCSIDrivers is no valid driver name." + refused, fix},
		{InvalidProcMount, "invalid procMount type", "An entry of allowedProcMountTypes is neither Default nor Unmasked." + refused, fix},
		{CapabilityConflict, "contradicting capabilities", "A capability is required to be dropped and allowed or added at once." + refused, fix},
		{EscalationConflict, "contradicting privilege escalation",
			"defaultAllowPrivilegeEscalation is true and allowPrivilegeEscalation false." + refused, fix},
		{InvalidSysctl, "invalid sysctl", "An entry of a sysctl list is no valid name or pattern." + refused, fix},
		{SysctlWildcard, "sysctl wildcard among others", "\"*\" stands next to other sysctls." + refused, fix},
		{SysctlOverlap, "overlapping sysctls", "A sysctl is both allowed and forbidden; forbidden wins." + refused, fix},
		{RuntimeClass, "invalid runtime classes",
			"Names of runtime classes are invalid, repeated, next to \"*\", or the default is not allowed." + refused, fix},
		{SeccompProfile, "invalid seccomp profile", "An annotation names something that is no seccomp profile." + refused, fix},
		{AppArmorProfile, "invalid AppArmor profile", "An annotation names something that is no AppArmor profile." + refused, fix},
		{Unusable, "unusable policy",
			"The admission plugin cannot use the policy and skips it for every pod: it allows nothing and forbids nothing. " +
				"Most unusable policies pass the API server's validation.",
			"Complete the policy or delete it."},
	}
}

func grants() []Code {
	return []Code{
		{MissingRole, "missing role",
			"A binding refers to a role that is not in the input, or that it cannot refer to. It grants nothing.",
			"Add the role to the input."},
		{NoMasters, "administrators are not covered",
			"Nothing in the input lets group system:masters use every policy. Admission does not know the group as superuser, so " +
				"administrators would be refused like everybody else.",
			"Add ClusterRole cluster-admin and its ClusterRoleBinding to the input."},
		{NoGrants, "nobody may use any policy",
			"No role and binding of the input lets anybody use a policy, so every pod will be refused.",
			"Add roles and bindings to the input."},
		{Ungranted, "policies that nobody may use",
			"Some policies are granted to nobody and will never be chosen.",
			"Nothing, if that is meant."},
		{DeadSubject, "subject that matches nobody",
			"A subject of a binding that grants policies can never match: its kind is unknown, or it is a service account without namespace.",
			"Correct the subject."},
		{DeadRule, "rule that grants nothing",
			"A rule looks as if it let somebody use policies, but does not match: a wrong resource, API group or verb, or \"*\" as resource name.",
			"Correct the rule."},
		{UnknownPolicy, "rule for unknown policies",
			"A rule allows policies that are not in the input.",
			"Add them to the input, or correct their names."},
		{InvalidSelector, "invalid selector",
			"An aggregationRule has a selector that is not valid, so the role aggregates nothing.",
			"Correct the selector."},
		{RefusedRBAC, "binding that the API server refuses",
			"A binding has a field that the API server would refuse today, and that the authorizer does not read.",
			"Correct the binding, or leave it if it came from the cluster like that."},
		{StaleRules, "aggregated role with rules of its own",
			"A role is aggregated from others, and its stored rules say something else about policies than those roles. The stored rules count.",
			"Nothing for a dump of a cluster; delete the rules if the manifest was written by hand."},
	}
}

func tests() []Code {
	return []Code{
		{FewTests, "tests that leave something out",
			"The tests that were recorded for a policy do not show each of its checks deciding, do not execute each line of its module, or " +
				"would pass some of the faulty versions of it that other cases tell from it. Edits there may go unnoticed.",
			"Record more cases with --tests."},
	}
}
