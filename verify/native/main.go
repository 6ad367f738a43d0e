// SPDX-License-Identifier: Apache-2.0

// Command psp2rego-native answers what the PodSecurityPolicy admission plugin of
// Kubernetes 1.24.17 decides. It links the upstream plugin unmodified, with the RBAC
// authorizer, the API decoding and defaulting, the ServiceAccount plugin and the pod
// registry strategy around it, and speaks the evaluator protocol
// (docs/evaluator-protocol.md): JSON lines on standard input and output.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

const usage = `Answer, as JSON lines, what PodSecurityPolicy admission of Kubernetes %s decides.

Reads requests of the evaluator protocol from standard input and writes one answer
line per request line to standard output, until the end of input.

Usage:  psp2rego-native [flags]

Flags:
  --v N       log level, 0 or more, of the Kubernetes code on standard error (default: no log)
  --version   print the version of the linked Kubernetes code
  --help      print this text

Exit:  0 end of input   2 usage error, or input or output cannot be used

Example:
  # one cluster, one pod
  psp2rego-native < requests.jsonl > answers.jsonl
`

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("psp2rego-native", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {}
	level := flags.Int("v", -1, "")
	version := flags.Bool("version", false, "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(stdout, usage, kubernetesVersion())
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "psp2rego-native: unexpected argument %q\n", flags.Arg(0))
		return 2
	case *version:
		fmt.Fprintln(stdout, kubernetesVersion())
		return 0
	}
	setLogging(*level, stderr)
	if os.Getenv("GOGC") == "" {
		// The live heap is a few MiB, nearly all of it constant: collecting less often
		// costs little memory and gives a fifth more answers per second.
		debug.SetGCPercent(800)
	}
	if err := serve(stdin, stdout); err != nil {
		fmt.Fprintf(stderr, "psp2rego-native: %v\n", err)
		return 2
	}
	return 0
}
