// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
)

func usageFault(format string, args ...any) error {
	return &fault{Kind: faultUsage, Message: fmt.Sprintf(format, args...)}
}

func decodeFault(format string, args ...any) error {
	return &fault{Kind: faultDecode, Message: fmt.Sprintf(format, args...)}
}

// asFault gives any error a place in the protocol; one without a kind is internal.
func asFault(err error) *fault {
	var f *fault
	if errors.As(err, &f) {
		return f
	}
	return &fault{Kind: faultInternal, Message: err.Error()}
}
