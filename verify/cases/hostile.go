// SPDX-License-Identifier: Apache-2.0

package cases

func (g *gen) hostileCase() Case { return g.focusGroup()[0] }
