// SPDX-License-Identifier: Apache-2.0

package cases

// Settings are the knobs of the generators. Weights count relative to each other; probabilities are
// between 0 and 1. The zero value generates nothing useful: start from Defaults.
type Settings struct {
	// MaxPolicies is the largest number of policies in a generated cluster; the smallest is zero,
	// because a cluster without policies refuses every pod in words of its own.
	MaxPolicies int
	// Restrict is the probability that a generated policy narrows a given check beyond those that all
	// policies of its cluster narrow. Low values make policies that differ in few things; high values
	// make policies that no pod passes by chance.
	Restrict float64
	// OddPolicies is the probability that a narrowed check gets a value that is odd although the API
	// server takes it (an unusable strategy, a default outside the allowed list), or one that it
	// refuses today and older versions stored (a range from high to low, an unknown rule).
	OddPolicies float64
	// Granted is the probability that a generated policy is granted to somebody by design. Grants
	// also come about by chance, through wildcards and bindings to cluster-admin.
	Granted float64
	// NearMisses is the mean number of bindings and roles in a generated cluster that look like
	// grants and are none: wrong-case kinds, resourceNames "*", missing roles.
	NearMisses float64
	// Strangers is the probability that a request comes from someone whom no binding names.
	Strangers float64
	// Focus, Updates, Hostile and Others weigh the kinds of cases.
	Focus, Updates, Hostile, Others int
	// ComplyFirst is the probability that the first case of a focus pair complies with the policy in
	// the varied check, so that the second one can flip to a refusal; else it is the other way round.
	ComplyFirst float64
	// Use is the probability that a pod uses a feature that its policy leaves open (a volume, a
	// port, a capability) beyond what the policy demands.
	Use float64
	// ManyContainers is the probability of each further container of each kind.
	ManyContainers float64
	// MKE is the probability that a generated cluster speaks the mke dialect.
	MKE float64
}

// Defaults are the settings under which about half of the pods are allowed.
func Defaults() Settings {
	return Settings{
		MaxPolicies: 8, Restrict: 0.1, OddPolicies: 0.12,
		Granted: 0.85, NearMisses: 3, Strangers: 0.1,
		Focus: 12, Updates: 4, Hostile: 3, Others: 1,
		ComplyFirst: 0.6, Use: 0.3, ManyContainers: 0.25, MKE: 0.15,
	}
}
