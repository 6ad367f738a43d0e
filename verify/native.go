// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"strconv"

	"psp2rego/verify/protocol"
)

// Native is one process that runs the upstream admission plugin.
type Native struct{ evaluator }

// StartNative starts the process and checks its greeting. Ending ctx ends the process.
func StartNative(ctx context.Context, command NativeCommand) (*Native, error) {
	n := &Native{evaluator{name: "native evaluator"}}
	if err := n.start(ctx, command, protocol.NativeEngine, "GOGC="+strconv.Itoa(gcPercent), "GOMEMLIMIT="+nativeMemoryLimit); err != nil {
		return nil, err
	}
	return n, nil
}
