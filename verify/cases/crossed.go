// SPDX-License-Identifier: Apache-2.0

package cases

// Crossed makes the cases of one group of a Synthetic cluster, with the indexes of Group: the decisive pair that the
// group is set aside for, else a pair of pods
// made for one policy, at the edges of one check and with nothing left to the policy's defaults, and asked
// for by the user of another. What that one allows is so asked about pods that the first nearly accepts: rules
// that demand all policies at once, instead of any, fail on them by a single field.
func (c *Cluster) Crossed(settings Settings, seed uint64, group int) []Case {
	g := newGen(settings, mix(mix(seed)), uint64(c.Index), uint64(group)+1)
	g.cluster = c
	made := g.decisiveGroup(group)
	if made == nil {
		g.explicit = true
		made = g.focusOn(pick(g, c.Policies...), g.granted(pick(g, c.Policies...).Name()))
	}
	for i := range made {
		made[i].Index = group*GroupSize + i
	}
	return made
}
