// SPDX-License-Identifier: Apache-2.0

// Command e2e runs real API servers. `e2e old` starts one of Kubernetes 1.24.17 with the PodSecurityPolicy plugin, prints a kubeconfig, and ends it
// when it is interrupted or its standard input ends. The tests of this package are the comparison of old and new.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"psp2rego/verify/e2e/clusters"
	"psp2rego/verify/e2e/processes"
)

const usage = `usage: e2e old BIN

Starts a kube-apiserver 1.24.17 with the PodSecurityPolicy plugin and an etcd, from the folder BIN that 'make e2e-programs' fills,
prints the path of a kubeconfig, and serves until it is interrupted or standard input ends.
`

func main() {
	if len(os.Args) != 3 || os.Args[1] != "old" {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err := serveOld(os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(2)
	}
}

func serveOld(bin string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if bin, err = filepath.Abs(bin); err != nil {
		return err
	}
	programs := clusters.ProgramsIn(bin)
	if err := programs.Check(programs.Etcd, programs.Old); err != nil {
		return err
	}
	group, err := processes.NewGroup()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, group.Close(false)) }()
	old, err := clusters.Old(ctx, group, programs)
	if err != nil {
		return err
	}
	front, err := old.Server(ctx, clusters.PSP)
	if err != nil {
		return err
	}
	fmt.Println(front.Kubeconfig)
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // whoever started this program is gone
		close(ended)
	}()
	select {
	case <-ctx.Done():
	case <-ended:
	case <-front.Process.Ended():
		return fmt.Errorf("the API server ended:\n%s", front.Process.Tail())
	}
	return nil
}
