// SPDX-License-Identifier: Apache-2.0

package cases

// hostPID varies spec.hostPID (section D4).
func hostPID() check {
	return hostNamespace("host_pid", "hostPID", func(p *Policy) *bool { return &p.Spec.HostPID })
}
