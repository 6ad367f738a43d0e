// SPDX-License-Identifier: Apache-2.0

//go:build unix

package verify

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps what is typed at the terminal from the process: Control-C ends this program, which
// ends its evaluators in turn and must not take their end for a crash.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
