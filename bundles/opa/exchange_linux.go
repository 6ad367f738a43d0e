// SPDX-License-Identifier: Apache-2.0

package opa

import (
	"errors"

	"golang.org/x/sys/unix"
)

// exchange puts staged in target's place in one step (renameat2(2), RENAME_EXCHANGE) where the file system can.
func exchange(staged, target, old string) error {
	err := unix.Renameat2(unix.AT_FDCWD, staged, unix.AT_FDCWD, target, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return exchangeByRenames(staged, target, old)
	}
	return err
}
