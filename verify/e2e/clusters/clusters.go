// SPDX-License-Identifier: Apache-2.0

// Package clusters starts real API servers, each with its etcd: Kubernetes 1.24.17 with the PodSecurityPolicy plugin, and a current one without it.
// There are no nodes and no controllers; what those would do is done by whoever tests.
package clusters

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"psp2rego/verify/e2e/processes"
	"psp2rego/verify/server"
)

// Programs are the files that are run. Each may be a path, or a name to be looked for in PATH.
type Programs struct {
	// Etcd is any etcd from 3.4 on.
	Etcd string
	// Old is the kube-apiserver of Kubernetes 1.24.17, New that of the current version.
	Old, New string
	// OPA, Gatekeeper and PSP2Rego answer the new API server.
	OPA, Gatekeeper, PSP2Rego string
}

// ProgramsIn are the programs as `make e2e-programs` builds them into a folder, psp2rego beside it, and etcd from PATH.
func ProgramsIn(bin string) Programs {
	in := func(name string) string { return filepath.Join(bin, "e2e", name) }
	return Programs{
		Etcd: "etcd", Old: in("kube-apiserver-old"), New: in("kube-apiserver-new"), OPA: in("opa"), Gatekeeper: in("gatekeeper"),
		PSP2Rego: filepath.Join(bin, "psp2rego"),
	}
}

// Check says which of the programs are missing, and how to get them.
func (p Programs) Check(programs ...string) error {
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil && program == p.Etcd {
			return fmt.Errorf("%w: install it (Debian: apt-get install --no-install-recommends etcd-server)", err)
		} else if err != nil {
			return fmt.Errorf("%w: build it with `make e2e-programs`", err)
		}
	}
	return nil
}

// Cluster is an etcd with API servers.
type Cluster struct {
	// Name begins the names of the logs and the etcd's keys.
	Name string
	// Version is the API servers' minor version.
	Version server.Version
	// Authority vouches for everything in the cluster.
	Authority *Authority

	group   *processes.Group
	program string
	etcdURL string
	servers int

	state *state
}

// The versions that are run.
const (
	OldVersion = server.Native
	NewVersion = server.Version(36)
)

// Old starts the etcd of a cluster of Kubernetes 1.24.17.
func Old(ctx context.Context, group *processes.Group, programs Programs) (*Cluster, error) {
	return start(ctx, group, programs.Etcd, &Cluster{Name: "old", Version: OldVersion, program: programs.Old})
}

// New starts the etcd of a cluster of the current version.
func New(ctx context.Context, group *processes.Group, programs Programs) (*Cluster, error) {
	return start(ctx, group, programs.Etcd, &Cluster{Name: "new", Version: NewVersion, program: programs.New})
}

func start(ctx context.Context, group *processes.Group, etcd string, c *Cluster) (*Cluster, error) {
	dir := filepath.Join(group.Dir, c.Name)
	var err error
	if c.Authority, err = NewAuthority(filepath.Join(dir, "pki")); err != nil {
		return nil, err
	}
	if err := c.Authority.Client("admin", "system:masters"); err != nil {
		return nil, err
	}
	if _, err := c.Authority.Key("accounts"); err != nil {
		return nil, err
	}
	c.group = group
	_, err = processes.Listening(ctx, 2, func(ports []int) (*processes.Process, func(context.Context) error, error) {
		clients, peers := fmt.Sprintf("http://127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d", ports[1])
		data := filepath.Join(dir, "etcd")
		if err := os.RemoveAll(data); err != nil {
			return nil, nil, err
		}
		c.etcdURL = clients
		p, err := group.Start(c.Name+"-etcd", nil, etcd, "--name", c.Name, "--data-dir", data,
			"--listen-client-urls", clients, "--advertise-client-urls", clients, "--listen-peer-urls", peers,
			"--initial-advertise-peer-urls", peers, "--initial-cluster", c.Name+"="+peers, "--unsafe-no-fsync")
		return p, func(ctx context.Context) error { return Answers(ctx, http.DefaultClient, clients+"/health") }, err
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}
