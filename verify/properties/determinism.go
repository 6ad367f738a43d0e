// SPDX-License-Identifier: Apache-2.0

package properties

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"psp2rego/verify"
	"psp2rego/verify/cases"
)

// determinism: The same objects translate to the same bytes, whatever their order and however they are packed.
//
// Twice the same input gives the same tarball. The same objects in another order, in lists, in lists of lists, one file
// each, with other blanks, keys in another order, as YAML give the same files but for the record of where each policy was
// read: two comment lines in its module, and digests in the manifest.
//
// Bytes are compared, not decisions: whoever keeps a bundle under version control sees a change only where there is one.
func determinism() Property {
	settings := cases.Defaults()
	settings.OddPolicies, settings.MKE = 0.05, 0.3
	return Property{
		Name: "determinism", Strictness: CompareBytes, Expect: []Outcome{Translated}, Cost: 12,
		generate: func(seed uint64, index int) *cases.Isolated {
			cluster := cases.Generate(settings, seed, index)
			return &cases.Isolated{Cluster: cluster, Probes: []cases.Probe{{Aspect: "clusters"}}}
		},
		judge: translateAgain,
	}
}

func translateAgain(ctx context.Context, b *bench, c *verify.CaseFile) (*verify.Judgement, error) {
	j := &verify.Judgement{}
	found := func(class verify.Class, format string, args ...any) {
		j.Differences = append(j.Differences, &verify.Difference{Class: class, Detail: fmt.Sprintf(format, args...)})
	}
	first, err := b.Translate(ctx, c.Objects, c.Dialect)
	if err != nil {
		found(verify.Untranslated, "%v", err)
		return j, ctx.Err()
	}
	if again, err := b.Translate(ctx, c.Objects, c.Dialect); err != nil || !bytes.Equal(first, again) {
		found(Unstable, "the same objects do not give the same tarball twice (%v)", err)
		return j, ctx.Err()
	}
	want, err := unpack(first)
	if err != nil {
		return nil, err
	}
	for _, way := range packings() {
		documents, err := way.pack(c.Objects)
		if err != nil {
			return nil, err
		}
		tarball, err := b.Repack(ctx, documents, c.Dialect)
		if err != nil {
			found(Unstable, "%s: %v", way.name, err)
			continue
		}
		got, err := unpack(tarball)
		if err != nil {
			return nil, err
		}
		if path := differingFile(want, got); path != "" {
			found(Unstable, "%s: %s differs", way.name, path)
		}
	}
	return j, ctx.Err()
}

// differingFile is the first path at which two bundles differ beyond the record of where they come from.
func differingFile(a, b map[string][]byte) string {
	paths := slices.Sorted(maps.Keys(a))
	paths = slices.Compact(slices.Sorted(slices.Values(slices.AppendSeq(paths, maps.Keys(b)))))
	for _, path := range paths {
		x, inA := a[path]
		y, inB := b[path]
		if inA != inB || !bytes.Equal(unrecorded(path, x), unrecorded(path, y)) {
			return path
		}
	}
	return ""
}
