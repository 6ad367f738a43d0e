// SPDX-License-Identifier: Apache-2.0

package cases

func (g *gen) updateCase() Case { return g.focusGroup()[0] }
