// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"io"
	"strconv"

	"k8s.io/klog/v2"
)

// setLogging sends the Kubernetes code's log lines to w: all lines up to the given
// verbosity, or only fatal ones when level is negative. Whatever is an answer is in
// the answer line; a log line per refused request would flood w.
func setLogging(level int, w io.Writer) {
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	settings := map[string]string{"logtostderr": "false", "alsologtostderr": "false", "stderrthreshold": "FATAL"}
	if level >= 0 {
		settings["v"] = strconv.Itoa(level)
	}
	for name, value := range settings {
		if err := flags.Set(name, value); err != nil {
			panic(err) // a flag name that klog does not know: a mistake in this file
		}
	}
	if level < 0 {
		w = io.Discard
	}
	klog.SetOutput(w)
}
