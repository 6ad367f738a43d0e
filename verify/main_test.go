// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"psp2rego/verify/protocol"
)

// TestMain is the tests, or, when fakeVariable says so, an evaluator that behaves as it says.
func TestMain(m *testing.M) {
	if mode := os.Getenv(fakeVariable); mode != "" {
		fake(mode)
		return
	}
	os.Exit(m.Run())
}

const fakeVariable = "PSP2REGO_TEST_EVALUATOR"

// pidsVariable names a file to which each fake evaluator adds the number of its process.
const pidsVariable = "PSP2REGO_TEST_PIDS"

// fakeGatekeeper is a command that starts this test binary as an evaluator of templates. Beside the mode, the
// words tell it what to do; see answerAsGatekeeper.
func fakeGatekeeper(words ...string) NativeCommand {
	return NativeCommand{Path: os.Args[0], Args: append([]string{protocol.GatekeeperEngine}, words...)}
}

// fakeEvaluator is a command that starts this test binary as an evaluator.
func fakeEvaluator(t *testing.T, mode string) NativeCommand {
	t.Helper()
	t.Setenv(fakeVariable, mode)
	return NativeCommand{Path: os.Args[0]}
}

// fake refuses pods with hostPID, allows all others by policy p, and misbehaves as the mode says
// when it gets the third line.
func fake(mode string) {
	if name := os.Getenv(pidsVariable); name != "" {
		file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			panic(err)
		}
		fmt.Fprintln(file, os.Getpid())
	}
	greeting := protocol.Greeting{Protocol: protocol.Version, Engine: protocol.NativeEngine, Version: "v0"}
	answer := answerTo
	if len(os.Args) > 1 && os.Args[1] == protocol.GatekeeperEngine {
		greeting.Engine, answer = protocol.GatekeeperEngine, answerAsGatekeeper
		mode = ""
	}
	switch mode {
	case "other protocol":
		greeting.Protocol++
	case "other engine":
		greeting.Engine = "guesswork"
	case "no version":
		greeting.Version = ""
	case "no greeting":
		fmt.Fprintln(os.Stderr, "cannot start")
		return
	case "garbled greeting":
		fmt.Println("hello")
		return
	case "silent":
		select {}
	}
	write(greeting)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	reason := ""
	for n := 1; lines.Scan(); n++ {
		line := protocol.Line{}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		if n == 1 && mode == "dies at once" || n == 3 && misbehave(mode, line.ID) {
			return
		}
		if line.Op == protocol.OpCluster {
			reason = reasonOf(line.Cluster)
		}
		write(answer(&line, reason))
	}
}

func misbehave(mode string, id int64) bool {
	switch mode {
	case "dies":
		fmt.Fprintln(os.Stderr, "out of memory")
		return true
	case "hangs":
		select {}
	case "garbles":
		fmt.Println(`{"id":3,`)
	case "half a line":
		fmt.Print(`{"id":3`)
		return true
	case "repeats":
		write(protocol.Answer{ID: id - 1})
	case "no verdict":
		write(protocol.Answer{ID: id, Request: &protocol.Request{}})
	case "internal error":
		write(protocol.Answer{ID: id, Error: &protocol.Error{Kind: "internal", Message: "panic"}})
	default:
		return false
	}
	return true
}

func write(value any) {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(data))
}

// reasonOf is what policies add to a refusal: their annotation "reason".
func reasonOf(cluster *protocol.Cluster) string {
	reason := ""
	for _, data := range cluster.Objects {
		object := struct {
			Metadata struct{ Annotations struct{ Reason string } }
		}{}
		if json.Unmarshal(data, &object) == nil {
			reason += object.Metadata.Annotations.Reason
		}
	}
	return reason
}

func answerTo(line *protocol.Line, reason string) protocol.Answer {
	answer := protocol.Answer{ID: line.ID}
	if line.Op == protocol.OpCluster {
		return answer
	}
	request := *line.Request
	request.ServiceAccountPlugin = nil
	if strings.Contains(string(request.Object), "undecodable") {
		answer.Error = &protocol.Error{Kind: "decode", Message: "undecodable"}
		return answer
	}
	if len(request.Object) == 0 {
		request.Object = json.RawMessage("{}")
	}
	answer.Request = &request
	answer.Created = &protocol.Created{Object: request.Object}
	verdict := func(key, verb string) *protocol.Verdict {
		if strings.Contains(string(request.Object), `"hostPID":true`) {
			return &protocol.Verdict{Handled: true, Message: `pods "p" is forbidden: PodSecurityPolicy: unable to ` + verb + ` pod: [no hostPID` + reason + `]`}
		}
		return &protocol.Verdict{
			Handled: true, Allowed: true, Policy: "p", Object: request.Object,
			AuditAnnotations: map[string]string{auditPrefix + key: "p"},
		}
	}
	answer.Admit, answer.Validate = verdict("admit-policy", "admit"), verdict("validate-policy", "validate")
	return answer
}

// answerAsGatekeeper refuses pods with hostPID, but for the word "open", and all for the word "closed". It takes no
// cluster for the word "refuses", and has no verdicts for "silent".
func answerAsGatekeeper(line *protocol.Line, _ string) protocol.Answer {
	answer := protocol.Answer{ID: line.ID}
	is := func(word string) bool { return slices.Contains(os.Args[2:], word) }
	switch {
	case line.Op == protocol.OpCluster && is("refuses"):
		answer.Error = &protocol.Error{Kind: "decode", Message: line.Cluster.Paths[0] + ": template t: no Rego"}
	case line.Op == protocol.OpCluster:
		answer.Notes = []string{fmt.Sprintf("%d objects", len(line.Cluster.Objects))}
	case is("broken"):
		answer.Error = &protocol.Error{Kind: "internal", Message: "panic"}
	case !is("silent"):
		refused := is("closed") || !is("open") && strings.Contains(string(line.Request.Object), `"hostPID":true`)
		answer.Validate = &protocol.Verdict{Handled: true, Allowed: !refused}
		if refused {
			answer.Validate.Message = "[c] no hostPID"
		}
	}
	return answer
}
