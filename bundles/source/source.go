// SPDX-License-Identifier: Apache-2.0

// Package source makes bundles of policies and bindings that change while it looks: of files that people edit, and of a
// live cluster. Whatever goes wrong with the newest state is told, and nothing is made of it.
package source

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"psp2rego/bundles/opa"
	"psp2rego/translate"
	"psp2rego/translate/diagnostic"
)

// Result is what became of the newest state of a source.
type Result struct {
	// Bundle is nil if nothing could be made of it.
	Bundle *opa.Bundle
	// Err is why the newest state is not, or not all, in the bundle: a cluster's policies that cannot be read stay as they
	// were, with the bindings of now. It is an *InputError if the Diagnostics are the reason.
	Err error
	// Diagnostics are what there is to say about the input. Sorted.
	Diagnostics diagnostic.List
	// Policies is how many policies the bundle has.
	Policies int
	// Took is how long reading and translating took.
	Took time.Duration
}

// InputError means that the input was read, but cannot be translated. Diagnostics say why.
type InputError struct{ Diagnostics diagnostic.List }

// Error is the first of the errors among the diagnostics.
func (e *InputError) Error() string {
	for _, d := range e.Diagnostics {
		if d.Severity == diagnostic.Error {
			return "the input cannot be translated: " + d.String()
		}
	}
	return "the input cannot be translated"
}

// Builder turns clusters into bundles, one after the other. Modules of policies that stay are not compiled again.
type Builder struct {
	library  fs.FS
	meta     opa.Meta
	compiler translate.Compiler
}

// NewBuilder makes bundles of the Rego library with what meta says.
func NewBuilder(library fs.FS, meta opa.Meta) *Builder {
	return &Builder{library: library, meta: meta, compiler: translate.Compiler{Options: meta.Options()}}
}

// Build compiles a cluster and makes a bundle of it.
func (b *Builder) Build(ctx context.Context, cluster *translate.Cluster) (*opa.Bundle, error) {
	out, err := b.compiler.Compile(ctx, cluster)
	if err != nil {
		return nil, fmt.Errorf("translate: %w", err)
	}
	return opa.Build(b.library, out, b.meta)
}

// debounce waits, after a first event, until there was none for the quiet time, or the limit is over.
type debounce struct{ quiet, limit time.Duration }

// wait returns when it is time to act on an event that has happened, or with the context's error.
func (d debounce) wait(ctx context.Context, events <-chan struct{}) error {
	limit, quiet := time.NewTimer(d.limit), time.NewTimer(d.quiet)
	defer limit.Stop()
	defer quiet.Stop()
	for {
		select {
		case <-events:
			quiet.Reset(d.quiet)
		case <-quiet.C:
			return nil
		case <-limit.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// signal notes an event in a channel of capacity one; many that nobody has looked at yet are one.
func signal(events chan<- struct{}) {
	select {
	case events <- struct{}{}:
	default:
	}
}
