// SPDX-License-Identifier: Apache-2.0

// Package verify is the differential tester: it puts the same requests to the upstream
// PodSecurityPolicy admission plugin (a process that speaks the evaluator protocol) and to an
// emitted bundle in OPA, and compares everything that both sides say, in both phases. It judges the
// bundle's bytes and knows nothing of how they were made.
package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"psp2rego/verify/cases"
	"psp2rego/verify/live"
)

// Translate makes a bundle (.tar.gz) of objects (PodSecurityPolicies, roles, bindings) for a dialect.
type Translate func(ctx context.Context, objects []json.RawMessage, dialect string) ([]byte, error)

// Options say what to compare. Needed are Native, Cases, one of Translate, Bundle and Templates, and
// Objects unless Generate is set.
type Options struct {
	// Native starts the evaluator; each worker has a process of its own.
	Native NativeCommand
	// Translate makes the bundle of given and generated objects. Workers call it at the same time.
	Translate Translate
	// Constraints says that Translate makes YAML with a template and a constraint instead, which Gatekeeper runs.
	Constraints bool
	// LiveRBAC says that these read roles and bindings from data.inventory.
	LiveRBAC bool
	// Bundle is the path of a given bundle, a folder or a .tar.gz, which is judged as it is instead of
	// one that Translate makes.
	Bundle string
	// Templates are files and folders with templates and constraints of Gatekeeper, which are judged
	// likewise. Gatekeeper starts the evaluator that runs them, one for each worker.
	Templates  []string
	Gatekeeper NativeCommand
	// Live is an API server that is asked by dry runs, too. One that serves PodSecurityPolicies takes the evaluator's place, and the bundle is
	// compared with it; any other one takes the bundle's place. Objects are then what it decides by, and all cases are creations.
	Live *live.Server
	// LiveCommand are the words that lead a command to Live again, for the report alone.
	LiveCommand []string
	// Objects are the PodSecurityPolicies, roles and bindings of a given cluster.
	Objects []json.RawMessage
	// Dialect of the given cluster: "kubernetes", which empty means, or "mke".
	Dialect string
	// Server is the version of the API server that Translate makes rules for, as in 1.31, for the report; empty is not known. The
	// rules say themselves whom they are for, and a given bundle tells the report, too.
	Server string
	// Generate makes clusters too, PerCluster cases each, instead of taking Objects.
	Generate bool
	// Settings steer the generators; nil means cases.Defaults.
	Settings *cases.Settings
	// Cases is the number of cases over all passes; zero is as many as Duration lets be judged.
	Cases int
	// Duration ends the run, with the units that are being judged, when it took so long; that it took
	// before it was resumed counts. Zero is no limit. It needs a Clock.
	Duration time.Duration
	// Shard limits the run to one of several equal shares; see MergeReports.
	Shard Shard
	// Resume is a file with the state of the run, which is written now and then and at the end. A run
	// that finds it goes on from there. Empty is none.
	Resume string
	// AllowUndecided accepts checks of policies that were not seen to decide both ways; see Report.Undecided.
	AllowUndecided bool
	// PerCluster is the number of cases per generated cluster; zero means 100.
	PerCluster int
	// Seed and Settings determine every case. The same seed gives the same report on any number of
	// workers.
	Seed uint64
	// Workers is the number of evaluator processes, and of cases judged at once; zero means GOMAXPROCS.
	Workers int
	// Keep is the number of divergences that are kept in full, one of each pass, phase, class and
	// varied check; zero means 5, none is negative. Of a given rule set one of each class and cause is
	// kept, and zero means all.
	Keep int
	// Shrink is how much may be spent on making each kept divergence smaller: one for each smaller
	// request that is tried, more for a smaller cluster.
	Shrink int
	// StopAfter ends the run after so many divergences; zero means never.
	StopAfter int
	// Record is a folder in which kept divergences are written as case files, and the case at which an
	// evaluator breaks; empty writes none.
	Record string
	// Clock measures the run; without one the report has no rate. Several goroutines ask it.
	Clock func() time.Time
	// Tool is the version of the program, and Command the words that make the run again; both are for
	// the report alone.
	Tool    string
	Command []string
	// Progress is told, from one goroutine at a time, how many of all cases are done, first of all how
	// many were when the run was resumed. A total of zero is no bound.
	Progress func(done, total int)
}

const (
	defaultPerCluster = 100
	defaultKeep       = 5
)

// Run compares native and bundle on generated requests. Divergences are in the report. An error
// means that the comparison could not be made, or, with a report, that a divergence in it could not
// be made smaller or recorded. When ctx ends, the report is on what was judged.
func Run(ctx context.Context, options Options) (*Report, error) {
	options, err := options.complete()
	if err != nil {
		return nil, err
	}
	if before := debug.SetGCPercent(gcPercent); before == defaultGCPercent {
		limit := debug.SetMemoryLimit(memoryLimit)
		defer func() {
			debug.SetGCPercent(before)
			debug.SetMemoryLimit(limit)
		}()
	} else {
		debug.SetGCPercent(before) // somebody has chosen
	}
	r := &run{Options: options}
	return r.all(ctx)
}

// The heaps of this process and of the evaluators grow further between collections than Go lets
// them by default, up to limits that keep all of them below 1 GiB on two cores: a quarter of the time
// is saved.
const (
	gcPercent         = 1600
	defaultGCPercent  = 100
	memoryLimit       = 512 << 20
	nativeMemoryLimit = "150MiB"
)

func (o Options) complete() (Options, error) {
	switch {
	case o.Native.Path == "":
		return o, errors.New("verify: no native evaluator")
	case o.Cases < 0 || o.Cases == 0 && o.Duration <= 0:
		return o, errors.New("verify: no cases asked for")
	case o.Duration != 0 && o.Clock == nil:
		return o, errors.New("verify: a limit of time needs a clock")
	case o.Shard != Shard{} && !o.Shard.valid():
		return o, fmt.Errorf("verify: there is no shard %s", o.Shard)
	case o.Shard.Of > 1 && o.StopAfter > 0:
		return o, errors.New("verify: a shard cannot tell when all of them have seen enough divergences")
	case o.Translate == nil && !o.given():
		return o, errors.New("verify: neither a bundle nor a way to make one")
	case o.Generate && o.Translate == nil:
		return o, errors.New("verify: generated policies need to be translated")
	case o.Generate && (len(o.Objects) > 0 || o.given()):
		return o, errors.New("verify: policies are either given or generated")
	case o.Constraints && o.given():
		return o, errors.New("verify: either given rules are judged or translated ones")
	case o.Bundle != "" && len(o.Templates) > 0:
		return o, errors.New("verify: either a bundle or templates are judged")
	case !o.Generate && len(o.Objects) == 0:
		return o, errors.New("verify: no objects")
	}
	if err := o.checkLive(); err != nil {
		return o, err
	}
	switch o.Dialect {
	case "":
		o.Dialect = cases.Kubernetes
	case cases.Kubernetes, cases.MKE:
	default:
		return o, fmt.Errorf("verify: unknown dialect %q", o.Dialect)
	}
	if o.Settings == nil {
		settings := cases.Defaults()
		o.Settings = &settings
	}
	if o.Live != nil {
		settings := creations(*o.Settings)
		o.Settings = &settings
	}
	if o.Shard == (Shard{}) {
		o.Shard = Shard{1, 1}
	}
	if o.PerCluster <= 0 {
		o.PerCluster = defaultPerCluster
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Keep == 0 && !o.given() {
		o.Keep = defaultKeep
	}
	return o, nil
}
