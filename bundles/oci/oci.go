// SPDX-License-Identifier: Apache-2.0

// Package oci keeps bundles in OCI registries, in the form that OPA downloads from a service of type oci.
package oci

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/file"
	"oras.land/oras-go/v2/content/memory"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/retry"
)

// Options say how to reach a registry. The zero value is HTTPS without credentials.
type Options struct {
	// PlainHTTP speaks HTTP without TLS.
	PlainHTTP bool
	// Credential looks up a user for a host; nil is none.
	Credential auth.CredentialFunc
}

// What OPA looks for (v1/download/oci_download.go, bundleLayer, v1.22.2): a layer of this type. The configuration is an empty
// image's, which registries take that know images alone.
const (
	layerType  = ocispec.MediaTypeImageLayerGzip
	configType = ocispec.MediaTypeImageConfig
)

const (
	maxManifest = 4 << 20
	maxLayer    = 1 << 30
)

// Push stores the tarball in the registry under a reference with a tag (registry/repository:tag), and gives the digest of the
// manifest. The revision is noted in it. The tag is written last, so that it never names something incomplete; equal arguments
// give equal digests.
func Push(ctx context.Context, reference string, tarball []byte, revision string, o Options) (string, error) {
	return push(ctx, reference, tarball, revision, map[string]string{ocispec.AnnotationTitle: "bundle.tar.gz"}, o)
}

// PushFolder is Push in the form that clients unpack into a folder: gator --image, oras pull, Flux. The tarball has no folders in it.
func PushFolder(ctx context.Context, reference string, tarball []byte, revision string, o Options) (string, error) {
	return push(ctx, reference, tarball, revision, map[string]string{ocispec.AnnotationTitle: ".", file.AnnotationUnpack: "true"}, o)
}

func push(ctx context.Context, reference string, tarball []byte, revision string, annotations map[string]string, o Options) (string, error) {
	repo, err := o.repository(reference)
	if err != nil {
		return "", err
	}
	if err := repo.Reference.ValidateReferenceAsTag(); err != nil {
		return "", fmt.Errorf("push %s: a tag is needed, as in %s/%s:latest", reference, repo.Reference.Registry, repo.Reference.Repository)
	}
	store := memory.New()
	manifest, err := pack(ctx, store, tarball, revision, annotations)
	if err != nil {
		return "", fmt.Errorf("push %s: %w", reference, err)
	}
	tag := repo.Reference.Reference
	if err := store.Tag(ctx, manifest, tag); err != nil {
		return "", fmt.Errorf("push %s: %w", reference, err)
	}
	if _, err := oras.Copy(ctx, store, tag, repo, tag, oras.DefaultCopyOptions); err != nil {
		return "", fmt.Errorf("push %s: %w", reference, err)
	}
	return manifest.Digest.String(), nil
}

func pack(ctx context.Context, store content.Pusher, tarball []byte, revision string, annotations map[string]string) (ocispec.Descriptor, error) {
	config, err := oras.PushBytes(ctx, store, configType, []byte("{}"))
	if err != nil {
		return config, err
	}
	layer := content.NewDescriptorFromBytes(layerType, tarball)
	layer.Annotations = annotations
	if err := store.Push(ctx, layer, bytes.NewReader(tarball)); err != nil {
		return layer, err
	}
	return oras.PackManifest(ctx, store, oras.PackManifestVersion1_1, "", oras.PackManifestOptions{
		ConfigDescriptor: &config,
		Layers:           []ocispec.Descriptor{layer},
		ManifestAnnotations: map[string]string{
			ocispec.AnnotationCreated:  "1970-01-01T00:00:00Z", // equal bundles have equal digests
			ocispec.AnnotationRevision: revision,
		},
	})
}

// Pull gives the tarball that a reference names by tag or digest. Its bytes are those that the registry's manifest promises; who
// made them is for a signature to say.
func Pull(ctx context.Context, reference string, o Options) ([]byte, error) {
	repo, err := o.repository(reference)
	if err != nil {
		return nil, err
	}
	if repo.Reference.Reference == "" {
		return nil, fmt.Errorf("pull %s: a tag or a digest is needed, as in %[1]s:latest", reference)
	}
	layer, err := findLayer(ctx, repo)
	if err != nil {
		return nil, fmt.Errorf("pull %s: %w", reference, err)
	}
	tarball, err := content.FetchAll(ctx, repo, layer)
	if err != nil {
		return nil, fmt.Errorf("pull %s: %w", reference, err)
	}
	return tarball, nil
}

func findLayer(ctx context.Context, repo *remote.Repository) (layer ocispec.Descriptor, err error) {
	found, data, err := oras.FetchBytes(ctx, repo, repo.Reference.Reference, oras.FetchBytesOptions{MaxBytes: maxManifest})
	if err != nil {
		return layer, err
	}
	if found.MediaType != ocispec.MediaTypeImageManifest {
		return layer, fmt.Errorf("not a bundle: a manifest of type %s", found.MediaType)
	}
	var manifest ocispec.Manifest
	if err := json.Unmarshal(data, &manifest); err != nil {
		return layer, fmt.Errorf("not a bundle: %w", err)
	}
	layers := 0
	for _, l := range manifest.Layers {
		if l.MediaType == layerType {
			layer = l
			layers++
		}
	}
	switch {
	case layers == 0:
		return layer, errors.New("not a bundle: no layer of type " + layerType)
	case layers > 1:
		return layer, fmt.Errorf("not a bundle: %d layers of type %s", layers, layerType)
	case layer.Size > maxLayer:
		return layer, fmt.Errorf("larger than a bundle can be: %d bytes", layer.Size)
	}
	return layer, nil
}

func (o Options) repository(reference string) (*remote.Repository, error) {
	repo, err := remote.NewRepository(reference)
	if err != nil {
		return nil, fmt.Errorf("%q is no place in a registry, as registry.example/repository:tag is: %w", reference, err)
	}
	repo.PlainHTTP = o.PlainHTTP
	client := &auth.Client{Client: retry.DefaultClient, Cache: auth.NewCache(), Credential: o.Credential}
	client.SetUserAgent("psp2rego")
	repo.Client = client
	return repo, nil
}
