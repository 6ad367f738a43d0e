// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/rogpeppe/go-internal/testscript"
)

// withRegistry gives a script an empty registry of its own, $REGISTRY, which speaks HTTP, and the same for a user ci alone,
// $PRIVATE_REGISTRY. The folder docker has a configuration with that user's password.
func withRegistry(env *testscript.Env) error {
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	open := httptest.NewServer(handler)
	env.Defer(open.Close)
	env.Setenv("REGISTRY", strings.TrimPrefix(open.URL, "http://"))
	private := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ci" || password != "s3cret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	env.Defer(private.Close)
	host := strings.TrimPrefix(private.URL, "http://")
	env.Setenv("PRIVATE_REGISTRY", host)
	auth := base64.StdEncoding.EncodeToString([]byte("ci:s3cret"))
	folder := filepath.Join(env.WorkDir, "docker")
	return errors.Join(os.Mkdir(folder, 0o700),
		os.WriteFile(filepath.Join(folder, "config.json"), fmt.Appendf(nil, `{"auths":{%q:{"auth":%q}}}`, host, auth), 0o600))
}

// cmdKeys is `keys NAME`: makes a pair of P-256 keys, NAME.pem and NAME.pub.
func cmdKeys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: keys NAME")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	ts.Check(err)
	for _, file := range []struct {
		suffix, kind string
		data         []byte
	}{{".pem", "PRIVATE KEY", private}, {".pub", "PUBLIC KEY", public}} {
		ts.Check(os.WriteFile(ts.MkAbs(args[0]+file.suffix), pem.EncodeToMemory(&pem.Block{Type: file.kind, Bytes: file.data}), 0o600))
	}
}

// cmdEnvFile is `envfile NAME FILE`: sets a variable to what the file holds.
func cmdEnvFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: envfile NAME FILE")
	}
	ts.Setenv(args[0], ts.ReadFile(args[1]))
}

// cmdCut is `cut FILE N`: leaves the last N bytes out.
func cmdCut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FILE N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	data := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(data[:len(data)-n]), 0o600))
}

// cmdTarball is `tarball DIR FILE`: packs the folder as it is, manifest and all, as somebody would who tampers with a bundle.
func cmdTarball(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tarball DIR FILE")
	}
	names := []string{"-czf", ts.MkAbs(args[1]), "--no-recursion"}
	for name := range files(ts, args[0]) {
		names = append(names, name)
	}
	cmd := exec.Command("tar", names...)
	cmd.Dir = ts.MkAbs(args[0])
	ts.Check(cmd.Run())
}

// cmdUntar is `untar FILE DIR`: unpacks a tarball.
func cmdUntar(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: untar FILE DIR")
	}
	ts.Check(os.MkdirAll(ts.MkAbs(args[1]), 0o700))
	ts.Check(exec.Command("tar", "-xzf", ts.MkAbs(args[0]), "-C", ts.MkAbs(args[1])).Run())
}
