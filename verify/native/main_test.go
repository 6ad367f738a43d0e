// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	setLogging(-1, io.Discard)
	os.Exit(m.Run())
}
