// SPDX-License-Identifier: Apache-2.0

package diagnostic

// The codes of everything that is said about the input. Their numbers never change meaning.
const (
	Unreadable     = "PSP001"
	TooLarge       = "PSP002"
	NotText        = "PSP003"
	MalformedYAML  = "PSP004"
	MalformedJSON  = "PSP005"
	AliasExpansion = "PSP006"
	NoObjects      = "PSP007"
	NoPolicies     = "PSP008"

	NotAnObject     = "PSP010"
	UnknownVersion  = "PSP011"
	UnknownField    = "PSP012"
	WrongType       = "PSP013"
	DuplicateField  = "PSP014"
	DuplicateObject = "PSP015"
	MissingName     = "PSP016"

	OtherKinds       = "PSP020"
	NamespaceCleared = "PSP021"
	NamespaceMissing = "PSP022"
	LinkSkipped      = "PSP023"
	RepeatedObject   = "PSP024"

	InvalidName        = "PSP101"
	InvalidMetadata    = "PSP102"
	UnknownRule        = "PSP103"
	InvalidRange       = "PSP104"
	GroupRanges        = "PSP105"
	UnknownVolume      = "PSP106"
	InvalidHostPath    = "PSP107"
	InvalidFlexVolume  = "PSP108"
	InvalidCSIDriver   = "PSP109"
	InvalidProcMount   = "PSP110"
	CapabilityConflict = "PSP111"
	EscalationConflict = "PSP112"
	InvalidSysctl      = "PSP113"
	SysctlWildcard     = "PSP114"
	SysctlOverlap      = "PSP115"
	RuntimeClass       = "PSP116"
	SeccompProfile     = "PSP117"
	AppArmorProfile    = "PSP118"
	Unusable           = "PSP120"

	MissingRole     = "PSP201"
	NoMasters       = "PSP202"
	NoGrants        = "PSP203"
	Ungranted       = "PSP204"
	DeadSubject     = "PSP205"
	DeadRule        = "PSP206"
	UnknownPolicy   = "PSP207"
	InvalidSelector = "PSP208"
	RefusedRBAC     = "PSP209"
	StaleRules      = "PSP210"

	FewTests = "PSP301"
)
