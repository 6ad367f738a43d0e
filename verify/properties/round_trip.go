// SPDX-License-Identifier: Apache-2.0

package properties

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"psp2rego/verify"
	"psp2rego/verify/cases"
)

// roundTrip: A bundle that is written as a folder, read back and packed is the tarball that translation gives, and OPA
// decides by the folder as by the tarball.
//
// The folder is loaded by OPA's own loader and asked what the tarball is asked, in both phases. What cannot be asked, the
// bytes, is a case without a request, one of each cluster.
//
// Bytes are compared, the revision among them: one revision has to mean one content, whichever way it travelled. The
// answers are compared whole, patches too.
func roundTrip() Property {
	settings := cases.Defaults()
	settings.MaxPolicies, settings.Restrict, settings.Others = 4, 0.05, 0
	return Property{
		Name: "round_trip", Strictness: CompareBytes, ExpectOnce: []Outcome{Translated, Allowed, Refused},
		generate: func(seed uint64, index int) *cases.Isolated {
			made := creations(settings, seed, index, 20)
			made.Probes = append(made.Probes, cases.Probe{Aspect: "bytes"})
			return made
		},
		judge: tripAndAsk,
	}
}

// trip is one bundle both ways.
type trip struct {
	objects         []json.RawMessage
	dialect         string
	tarball, folder *verify.OPA
	difference      *verify.Difference
}

func tripAndAsk(ctx context.Context, b *bench, c *verify.CaseFile) (*verify.Judgement, error) {
	t := b.trip
	same := func(x, y json.RawMessage) bool { return bytes.Equal(x, y) }
	if t == nil || t.dialect != c.Dialect || !slices.EqualFunc(t.objects, c.Objects, same) {
		t = &trip{objects: c.Objects, dialect: c.Dialect}
		if err := t.make(ctx, b); err != nil {
			return nil, err
		}
		b.trip = t
	}
	j := &verify.Judgement{}
	switch {
	case c.Request == nil && t.difference != nil:
		j.Differences = append(j.Differences, t.difference)
		return j, nil
	case c.Request == nil:
		return j, nil
	case t.folder == nil:
		return &verify.Judgement{Refused: "there is nothing to ask"}, nil
	}
	prepared, refused, err := b.prepare(c.Request)
	if err != nil || refused != "" {
		return &verify.Judgement{Refused: refused}, err
	}
	return j, t.ask(ctx, prepared, j)
}

// make goes the way from objects to a folder to a tarball.
func (t *trip) make(ctx context.Context, b *bench) error {
	found := func(class verify.Class, detail string) {
		t.difference = &verify.Difference{Class: class, Detail: detail}
	}
	tarball, err := b.Translate(ctx, t.objects, t.dialect)
	if err != nil {
		found(verify.Untranslated, err.Error())
		return ctx.Err()
	}
	folder, err := os.MkdirTemp(b.Scratch, "trip-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	folder += "/bundle"
	if err := b.Folder(ctx, t.objects, t.dialect, folder); err != nil {
		return fmt.Errorf("write a folder: %w", err)
	}
	packed, err := b.Pack(ctx, folder)
	if err != nil {
		return fmt.Errorf("pack a folder: %w", err)
	}
	if !bytes.Equal(tarball, packed) {
		found(Unstable, "the folder, packed, is not the tarball")
	}
	if t.tarball, err = verify.LoadBundle(ctx, tarball); err != nil {
		return err
	}
	if t.folder, err = verify.LoadBundlePath(ctx, folder); err != nil {
		found(Unstable, "OPA takes the tarball and not the folder: "+err.Error())
	}
	return nil
}
