// SPDX-License-Identifier: Apache-2.0

// Command psp2rego compiles PodSecurityPolicies, and the RBAC that grants them, into Rego that OPA enforces, and proves
// that the result decides as Kubernetes' own admission plugin does.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes, the same for every command, as diff(1) has them.
const (
	exitDone    = 0 // the job was done and nothing was found
	exitFinding = 1 // the job was done and something was found: a divergence, a refused pod, input that is wrong
	exitFailed  = 2 // the job could not be done: usage, input and output, nothing to check
)

// errFinding ends a command that did its job and has told what it found.
var errFinding = errors.New("finding")

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the whole program but for its exit. An interrupt cancels the work, which leaves nothing half written; a second one
// does not wait for that.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)() // a second interrupt ends the program at once
	out := &watched{Writer: stdout}
	root := newRootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if out.err != nil && (err == nil || errors.Is(err, errFinding)) {
		err = out.err
	}
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errFinding):
		return exitFinding
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "psp2rego: interrupted")
	default:
		fmt.Fprintf(stderr, "psp2rego: %v\n", err)
	}
	return exitFailed
}

// watched remembers that something could not be written, for what writes without looking: cobra's help.
type watched struct {
	io.Writer
	err error
}

func (w *watched) Write(data []byte) (int, error) {
	n, err := w.Writer.Write(data)
	if err != nil && w.err == nil {
		w.err = err
	}
	return n, err
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:               "psp2rego",
		Long:              rootHelp,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetHelpTemplate("{{.Long}}")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(newTranslateCommand(), newVerifyCommand(), newExplainCommand(), newBundleCommand(), newVersionCommand(), newCodesTopic())
	return root
}

const rootHelp = `Turn PodSecurityPolicies into Rego, and prove that the Rego decides as Kubernetes did.

Usage:  psp2rego COMMAND [flags]

  translate     write an OPA bundle from PodSecurityPolicies and RBAC
  verify        compare the bundle with the real admission plugin, pod by pod
  explain       say which policy judges a pod, why, and what it changes
  bundle        pack, sign, check and ship bundles
  version       print versions
  help codes    list the codes of all diagnostics

Every command has --help. Results go to stdout, diagnostics to stderr.

Exit codes, the same for every command:
  0  done, nothing found
  1  a finding: a divergence, a refused pod, input that was read but cannot be translated
  2  the job could not be done: usage, unreadable input, nothing to check

  # write a bundle, check it, ask about a pod
  psp2rego translate -f cluster/ -o bundle
  psp2rego verify -f cluster/ --policies bundle
  psp2rego explain -f cluster/ --pod pod.yaml --as jeff
`
