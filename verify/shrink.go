// SPDX-License-Identifier: Apache-2.0

package verify

import "context"

func (r *run) shrinkAll(context.Context, *Report) error { return nil }
func (r *run) record(*Report) error                     { return nil }
