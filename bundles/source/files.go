// SPDX-License-Identifier: Apache-2.0

package source

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"psp2rego/translate"
	"psp2rego/translate/diagnostic"
	"psp2rego/translate/manifest"
)

// restless is how often files may change while they are read before the last state is taken all the same.
const restless = 5

// Files reads files and folders, and reads them again when they change.
type Files struct {
	// Paths are files and folders.
	Paths []string
	// Open makes a source of a path.
	Open func(path string) manifest.Source
	// Quiet is for how long nothing may change before files are read; 0 is 200 ms. Log may be nil.
	Quiet time.Duration
	Log   *slog.Logger
}

// Run makes a bundle of the files and gives it to publish, and again whenever they change, until the context ends or
// publish returns an error, which Run then returns.
func (f *Files) Run(ctx context.Context, b *Builder, publish func(Result) error) error {
	w, err := f.watch()
	if err != nil {
		return err
	}
	defer w.close()
	go w.run(ctx)
	for {
		started := time.Now()
		cluster, list, err := f.load(ctx, w)
		result := Result{Err: err, Diagnostics: list}
		if err == nil {
			result.Policies = len(cluster.Policies)
			result.Bundle, result.Err = b.Build(ctx, cluster)
		}
		result.Took = time.Since(started)
		if ctx.Err() != nil {
			return nil
		}
		if err := publish(result); err != nil {
			return err
		}
		if w.next(ctx) != nil {
			return nil
		}
	}
}

// load reads the files as they are when they stand still: what changed while it was read is read again.
func (f *Files) load(ctx context.Context, w *watcher) (cluster *translate.Cluster, list diagnostic.List, err error) {
	for range restless {
		cluster, list, err = f.once(ctx, w)
		if !w.moved() || w.next(ctx) != nil {
			break
		}
	}
	return cluster, list, err
}

// once reads the files as they are, having seen to it that changes from now on are noticed.
func (f *Files) once(ctx context.Context, w *watcher) (*translate.Cluster, diagnostic.List, error) {
	if err := w.add(); err != nil {
		return nil, nil, err
	}
	sources := make([]manifest.Source, 0, len(f.Paths))
	for _, path := range f.Paths {
		source := f.Open(path)
		source.FS = plain{source.FS}
		sources = append(sources, source)
	}
	return loaded(ctx, sources)
}

// loaded is translate.Load with an error for input that cannot be translated, too.
func loaded(ctx context.Context, sources []manifest.Source) (*translate.Cluster, diagnostic.List, error) {
	cluster, list, err := translate.Load(ctx, sources)
	if err == nil && cluster == nil {
		err = &InputError{list}
	}
	return cluster, list, err
}

// plain hides what begins with two dots: Kubernetes keeps the files of a mounted ConfigMap in such folders, and shows them
// by links beside them.
type plain struct{ fs.FS }

var _ fs.ReadDirFS = plain{}

// ReadDir lists a folder.
func (p plain) ReadDir(name string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(p.FS, name)
	var shown []fs.DirEntry
	for _, entry := range all {
		if !strings.HasPrefix(entry.Name(), "..") {
			shown = append(shown, entry)
		}
	}
	return shown, err
}

// watcher tells when something changes in the folders that the paths lie in.
type watcher struct {
	*fsnotify.Watcher
	paths  []string
	events chan struct{}
	calm   debounce
	log    *slog.Logger

	mu       sync.Mutex
	interest *interest
}

func (f *Files) watch() (*watcher, error) {
	under, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch files: %w", err)
	}
	quiet := cmp.Or(f.Quiet, 200*time.Millisecond)
	log := cmp.Or(f.Log, slog.New(slog.DiscardHandler))
	return &watcher{
		Watcher: under, paths: f.Paths, events: make(chan struct{}, 1), calm: debounce{quiet, 20 * quiet}, log: log, interest: newInterest(),
	}, nil
}

// run turns what the system reports into events.
func (w *watcher) run(ctx context.Context) {
	for {
		select {
		case event, ok := <-w.Events:
			if !ok {
				return
			}
			if event.Op != fsnotify.Chmod && w.matters(event.Name) {
				signal(w.events)
			}
		case err, ok := <-w.Errors:
			if !ok {
				return
			}
			// Too many events at once, mostly: some are lost, so that everything has to be looked at.
			w.log.Warn("watching files", "error", err)
			signal(w.events)
		case <-ctx.Done():
			return
		}
	}
}

func (w *watcher) matters(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.interest.has(name)
}

// moved reports whether something changed that was not waited for yet.
func (w *watcher) moved() bool { return len(w.events) > 0 }

// next waits until something changed and stands still again.
func (w *watcher) next(ctx context.Context) error {
	select {
	case <-w.events:
		return w.calm.wait(ctx, w.events)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close ends watching; the system's answer to that matters to nobody.
func (w *watcher) close() { _ = w.Close() }
