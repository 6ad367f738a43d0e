// SPDX-License-Identifier: Apache-2.0

package cases

func (g *gen) otherCase() Case { return g.focusGroup()[0] }
