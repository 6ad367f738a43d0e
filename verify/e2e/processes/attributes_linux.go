// SPDX-License-Identifier: Apache-2.0

package processes

import "syscall"

// attributes give a process a group of its own, so that Control-C leaves ending it to this program, and have the kernel end it with this
// program.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
