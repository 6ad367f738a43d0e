// SPDX-License-Identifier: Apache-2.0

// Command psp2rego-gatekeeper answers what Gatekeeper's validating webhook decides by a set of
// ConstraintTemplates and constraints, and what its mutating webhook makes of an object by mutators. It links Gatekeeper's own
// constraint client, target handler, policy engines and mutation system unmodified, and speaks the evaluator protocol (docs/evaluator-protocol.md):
// JSON lines on standard input and output.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const usage = `Answer, as JSON lines, what the webhooks of Gatekeeper %s decide.

Reads requests of the evaluator protocol from standard input and writes one answer
line per request line to standard output, until the end of input. Reads the files
that cluster lines name, and nothing else.

Usage:  psp2rego-gatekeeper [flags]

Flags:
  --version   print the version of the linked Gatekeeper code
  --help      print this text

Exit:  0 end of input   2 usage error, or input or output cannot be used

Example:
  # one set of templates and constraints, one pod
  psp2rego-gatekeeper < requests.jsonl > answers.jsonl
`

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("psp2rego-gatekeeper", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {}
	version := flags.Bool("version", false, "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(stdout, usage, gatekeeperVersion())
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "psp2rego-gatekeeper: unexpected argument %q\n", flags.Arg(0))
		return 2
	case *version:
		fmt.Fprintln(stdout, gatekeeperVersion())
		return 0
	}
	log.SetLogger(logr.Discard()) // whatever is an answer is in the answer line
	if err := serve(stdin, stdout); err != nil {
		fmt.Fprintf(stderr, "psp2rego-gatekeeper: %v\n", err)
		return 2
	}
	return 0
}
