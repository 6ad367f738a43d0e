// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// faultyNative is the evaluator that NATIVE names, until it was asked AFTER lines: then it does what FAULT says.
func faultyNative() {
	fault := os.Getenv("FAULT")
	after, err := strconv.Atoi(os.Getenv("AFTER"))
	if err != nil {
		panic(err)
	}
	native := exec.Command(os.Getenv("NATIVE"))
	in, err := native.StdinPipe()
	if err != nil {
		panic(err)
	}
	out, err := native.StdoutPipe()
	if err != nil {
		panic(err)
	}
	if err := native.Start(); err != nil {
		panic(err)
	}
	answers := bufio.NewReader(out)
	pass := func() {
		line, err := answers.ReadBytes('\n')
		if err != nil {
			panic(err)
		}
		if fault == "another version" {
			line = bytes.Replace(line, []byte("v1.24.17"), []byte("v1.23.0"), 1)
		}
		_, _ = os.Stdout.Write(line)
	}
	pass() // the greeting
	questions := bufio.NewReader(os.Stdin)
	for n := 0; ; n++ {
		line, err := questions.ReadBytes('\n')
		if err != nil {
			_ = in.Close()
			_ = native.Wait()
			return
		}
		if n == after {
			misbehave(fault, in)
		}
		_, _ = in.Write(line)
		pass()
	}
}

// misbehave leaves the real evaluator to end with its input.
func misbehave(fault string, in io.Closer) {
	switch fault {
	case "dies":
		fmt.Fprintln(os.Stderr, "out of memory")
		_ = in.Close()
		os.Exit(1)
	case "garbles":
		fmt.Println("Segmentation fault")
	case "interrupts": // whoever started it
		_ = syscall.Kill(os.Getppid(), syscall.SIGINT)
		select {}
	}
}
