// SPDX-License-Identifier: Apache-2.0

package cases

// hostIPC varies spec.hostIPC (section D4).
func hostIPC() check {
	return hostNamespace("host_ipc", "hostIPC", func(p *Policy) *bool { return &p.Spec.HostIPC })
}
