// SPDX-License-Identifier: Apache-2.0

package server

import "time"

// Hasten makes a server give up on clients sooner than anybody would want it to, so that tests need not wait.
func (s *Server) Hasten(header time.Duration, connections int) {
	s.limits.header, s.limits.connections = header, connections
}
