// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"

	"psp2rego/bundles/opa"
	"psp2rego/bundles/server"
	"psp2rego/rego"
	"psp2rego/translate"
	"psp2rego/translate/psp"
	"psp2rego/translate/rbac"
)

// anything is a policy that allows everything.
func anything(name string) translate.Policy {
	yes := true
	p := psp.PodSecurityPolicy{Spec: psp.PodSecurityPolicySpec{
		Privileged: true, AllowPrivilegeEscalation: &yes, AllowedCapabilities: []psp.Capability{psp.AllowAll},
		Volumes: []psp.FSType{psp.AllowAll}, RunAsUser: psp.RunAsUserStrategyOptions{Rule: psp.RunAsAny},
		SELinux:            psp.SELinuxStrategyOptions{Rule: psp.RunAsAny},
		SupplementalGroups: psp.SupplementalGroupsStrategyOptions{Rule: psp.RunAsAny}, FSGroup: psp.FSGroupStrategyOptions{Rule: psp.RunAsAny},
	}}
	p.Name = name
	return translate.Policy{PodSecurityPolicy: p}
}

// made is a bundle of policies that allow everything, the first of which users may use.
func made(t testing.TB, policies []string, users ...string) *opa.Bundle {
	t.Helper()
	cluster := &translate.Cluster{
		Grants:     rbac.Grants{Users: map[string]*rbac.Subject{}, Groups: map[string]*rbac.Subject{}},
		Provenance: rbac.Provenance{Users: map[string][]rbac.Grant{}, Groups: map[string][]rbac.Grant{}},
	}
	for _, name := range policies {
		cluster.Policies = append(cluster.Policies, anything(name))
	}
	for _, user := range users {
		cluster.Grants.Users[user] = &rbac.Subject{Cluster: policies[:1]}
		cluster.Provenance.Users[user] = []rbac.Grant{{Policies: policies[:1], Binding: "ClusterRoleBinding/" + user, Role: "ClusterRole/x"}}
	}
	return built(t, cluster)
}

func built(t testing.TB, cluster *translate.Cluster) *opa.Bundle {
	t.Helper()
	out, err := translate.Compile(context.Background(), cluster, translate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := opa.Build(rego.Files, out, opa.Meta{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func publish(t testing.TB, s *server.Server, b *opa.Bundle) {
	t.Helper()
	if changed, err := s.Publish(context.Background(), b); err != nil || !changed {
		t.Fatalf("published: %v, %v", changed, err)
	}
}

// get asks the server as OPA does. Words are pairs of a header's name and its value.
func get(s *server.Server, path string, words ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(words); i += 2 {
		r.Header.Set(words[i], words[i+1])
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w.Result()
}

func expect(t *testing.T, what string, got *http.Response, status int) []byte {
	t.Helper()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got.StatusCode != status {
		t.Fatalf("%s: status %d, want %d: %.200s", what, got.StatusCode, status, body)
	}
	return body
}

const both = "modes=snapshot,delta"

// kind is what OPA's own reader takes a body for.
func kind(t *testing.T, body []byte) string {
	t.Helper()
	b, err := bundle.NewReader(bytes.NewReader(body)).Read()
	if err != nil {
		t.Fatal(err)
	}
	return b.Type()
}

func TestTheBundleIsSentOnceAndThenOnlyWhenItChanges(t *testing.T) {
	s := server.New(server.Options{})
	expect(t, "before the first", get(s, server.Path), http.StatusServiceUnavailable)
	first := made(t, []string{"a"}, "jeff")
	publish(t, s, first)
	got := get(s, server.Path, "Prefer", both)
	if body := expect(t, "first", got, http.StatusOK); kind(t, body) != bundle.SnapshotBundleType {
		t.Error("no snapshot")
	}
	tag := got.Header.Get("ETag")
	if tag != `"`+first.Revision+`"` || got.Header.Get("Content-Type") != "application/vnd.openpolicyagent.bundles" {
		t.Errorf("headers: %v", got.Header)
	}
	for _, has := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		again := get(s, server.Path, "If-None-Match", has)
		if body := expect(t, has, again, http.StatusNotModified); len(body) > 0 || again.Header.Get("ETag") != tag {
			t.Errorf("%s: %v, %d bytes", has, again.Header, len(body))
		}
	}
	if changed, err := s.Publish(t.Context(), made(t, []string{"a"}, "jeff")); changed || err != nil {
		t.Errorf("the same once more: %v, %v", changed, err)
	}
	expect(t, "another", get(s, server.Path, "If-None-Match", `"other"`), http.StatusOK)
}

func TestOnlyTheBundleItsHealthAndMetricsAreThere(t *testing.T) {
	s := server.New(server.Options{})
	publish(t, s, made(t, []string{"a"}))
	for _, path := range []string{"/", "/bundles", "/bundles/psp/", "/bundles/psp/x", "/debug/pprof/", "/bundles/../etc/passwd"} {
		if got := get(s, path); got.StatusCode < 300 {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest(method, server.Path, nil))
		expect(t, method, w.Result(), http.StatusMethodNotAllowed)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, server.Path, strings.NewReader("a body")))
	expect(t, "a body", w.Result(), http.StatusRequestEntityTooLarge)
}

// TestADeltaIsSentOnlyWhereItLeadsToTheNewRevision walks through everything that a delta depends on.
func TestADeltaIsSentOnlyWhereItLeadsToTheNewRevision(t *testing.T) {
	first, grants := made(t, []string{"a", "b"}, "jeff"), made(t, []string{"a", "b"}, "anna")
	tag := func(b *opa.Bundle) string { return `"` + b.Revision + `"` }
	for name, tc := range map[string]struct {
		next         *opa.Bundle
		has, prefers string
		on, sign     bool
		want         string
	}{
		"not offered":               {grants, tag(first), both, false, false, bundle.SnapshotBundleType},
		"other grants":              {grants, tag(first), both, true, false, bundle.DeltaBundleType},
		"with what it had before":   {grants, tag(first) + `, "x"`, both, true, false, bundle.DeltaBundleType},
		"the client has another":    {grants, `"x"`, both, true, false, bundle.SnapshotBundleType},
		"it had it before the last": {grants, `"x", ` + tag(first), both, true, false, bundle.SnapshotBundleType},
		"the client has none":       {grants, "", both, true, false, bundle.SnapshotBundleType},
		"no deltas wanted":          {grants, tag(first), "modes=snapshot", true, false, bundle.SnapshotBundleType},
		"nothing said":              {grants, tag(first), "", true, false, bundle.SnapshotBundleType},
		"signed":                    {grants, tag(first), both, true, true, bundle.SnapshotBundleType},
		"another policy":            {made(t, []string{"a", "c"}, "jeff"), tag(first), both, true, false, bundle.SnapshotBundleType},
		"one policy more":           {made(t, []string{"a", "b", "c"}, "jeff"), tag(first), both, true, false, bundle.SnapshotBundleType},
		"a subject without name":    {made(t, []string{"a", "b"}, ""), tag(first), both, true, false, bundle.SnapshotBundleType},
	} {
		t.Run(name, func(t *testing.T) {
			o := server.Options{Deltas: tc.on}
			if tc.sign {
				o.Sign = func(_ context.Context, tarball []byte) ([]byte, error) { return tarball, nil }
			}
			s := server.New(o)
			publish(t, s, first)
			publish(t, s, tc.next)
			got := get(s, server.Path, "If-None-Match", tc.has, "Prefer", tc.prefers)
			body := expect(t, "next", got, http.StatusOK)
			if kind := kind(t, body); kind != tc.want {
				t.Errorf("a %s, want a %s", kind, tc.want)
			}
			if got.Header.Get("ETag") != tag(tc.next) {
				t.Errorf("ETag %s", got.Header.Get("ETag"))
			}
		})
	}
}

// TestAClientThatCouldNotUseADeltaGetsSnapshots plays an OPA that persists bundles: it refuses every delta and comes back.
func TestAClientThatCouldNotUseADeltaGetsSnapshots(t *testing.T) {
	s := server.New(server.Options{Deltas: true})
	users := []string{"a", "b", "c"}
	publish(t, s, made(t, []string{"p"}, users[0]))
	for i, want := range []string{bundle.DeltaBundleType, bundle.SnapshotBundleType} {
		before := get(s, server.Path).Header.Get("ETag")
		publish(t, s, made(t, []string{"p"}, users[i+1]))
		if got := kind(t, expect(t, users[i+1], get(s, server.Path, "If-None-Match", before, "Prefer", both), http.StatusOK)); got != want {
			t.Errorf("%s: a %s, want a %s", users[i+1], got, want)
		}
		if got := kind(t, expect(t, users[i+1], get(s, server.Path, "If-None-Match", before, "Prefer", both), http.StatusOK)); got != bundle.SnapshotBundleType {
			t.Errorf("%s, once more: a %s", users[i+1], got)
		}
	}
}

// TestADeltaHoldsTheManifestAndAPatch looks into the tarball: names with every character that a path treats in its own way.
func TestADeltaHoldsTheManifestAndAPatch(t *testing.T) {
	s := server.New(server.Options{Deltas: true})
	publish(t, s, made(t, []string{"p"}, "stays", "goes"))
	before := get(s, server.Path).Header.Get("ETag")
	publish(t, s, made(t, []string{"p"}, "stays", "https://id/~x%2F y?/"))
	body := expect(t, "delta", get(s, server.Path, "If-None-Match", before, "Prefer", both), http.StatusOK)
	zr, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for tr := tar.NewReader(zr); ; {
		header, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = string(data)
	}
	var patch struct{ Data []struct{ Op, Path string } }
	if err := json.Unmarshal([]byte(files["patch.json"]), &patch); err != nil || len(files) != 2 || files[".manifest"] == "" {
		t.Fatalf("%v: %v", err, files)
	}
	const odd = "https:~1~1id~1~0x%252F%20y%3F~1"
	want := "[{remove /lib/psp/grants/users/goes} {upsert /lib/psp/grants/users/" + odd + "}" +
		" {remove /psp/provenance/users/goes} {upsert /psp/provenance/users/" + odd + "}]"
	if got := fmt.Sprint(patch.Data); got != want {
		t.Errorf("patch: %s\nwant:  %s", got, want)
	}
}

// TestAPollIsAnsweredByTheNextRevision holds a poll until something is published.
func TestAPollIsAnsweredByTheNextRevision(t *testing.T) {
	s := server.New(server.Options{})
	publish(t, s, made(t, []string{"a"}))
	tag := get(s, server.Path).Header.Get("ETag")
	answers := make(chan *http.Response, 2)
	for range 2 {
		go func() { answers <- get(s, server.Path, "If-None-Match", tag, "Prefer", both+";wait=300") }()
	}
	for polls(t, s) < 2 { // both are held
		continue
	}
	publish(t, s, made(t, []string{"b"}))
	for range 2 {
		expect(t, "poll", <-answers, http.StatusOK)
	}
	started := time.Now()
	tag = get(s, server.Path).Header.Get("ETag")
	expect(t, "a poll of one second", get(s, server.Path, "If-None-Match", tag, "Prefer", "wait=1"), http.StatusNotModified)
	if time.Since(started) < time.Second {
		t.Error("the poll was not held")
	}
	for _, odd := range []string{"wait=-1", "wait=x", "wait=99999999999999999999", "wait", ";;=;"} {
		expect(t, odd, get(s, server.Path, "If-None-Match", tag, "Prefer", odd), http.StatusNotModified)
	}
}

func polls(t *testing.T, s *server.Server) (n int) {
	t.Helper()
	text := metrics(t, s)
	if _, err := fmt.Sscan(text["psp2rego_bundle_polls"], &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// metrics are all samples by name and labels.
func metrics(t *testing.T, s *server.Server) map[string]string {
	t.Helper()
	samples := map[string]string{}
	for line := range strings.Lines(string(expect(t, "metrics", get(s, "/metrics"), http.StatusOK))) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			samples[name] = value
		}
	}
	return samples
}

// TestHealthTellsWhatIsServedAndWhyItIsNotTheNewest follows a broken edit through health checks, log and metrics.
func TestHealthTellsWhatIsServedAndWhyItIsNotTheNewest(t *testing.T) {
	var log bytes.Buffer
	away := error(nil)
	s := server.New(server.Options{
		Log: slog.New(slog.NewJSONHandler(&log, nil)), Token: func() (string, error) { return "secret", nil },
		Stale: func() (time.Duration, error) { return 1500 * time.Millisecond, away },
	})
	look := func(what string, ready, current int, wantCurrent bool, reason string) {
		t.Helper()
		expect(t, what, get(s, "/health"), http.StatusOK)
		expect(t, what, get(s, "/ready"), ready)
		expect(t, what, get(s, "/ready?current"), current)
		var body struct {
			Current bool
			Reason  string
		}
		if err := json.Unmarshal(expect(t, what, get(s, "/health", "Authorization", "Bearer secret"), http.StatusOK), &body); err != nil {
			t.Fatal(err)
		}
		if body.Current != wantCurrent || body.Reason != reason {
			t.Errorf("%s: %v", what, body)
		}
		if public := expect(t, what, get(s, "/health"), http.StatusOK); reason != "" && bytes.Contains(public, []byte(reason)) {
			t.Errorf("%s: tells everybody %s", what, public)
		}
		want := "0"
		if wantCurrent {
			want = "1"
		}
		if got := metrics(t, s)["psp2rego_bundle_current"]; got != want {
			t.Errorf("%s: metric says %s", what, got)
		}
	}
	look("empty", 503, 503, false, "")
	publish(t, s, made(t, []string{"a"}))
	look("published", 200, 200, true, "")
	s.Fail(errors.New("psp.yaml:3:1: broken"))
	look("broken", 200, 503, false, "psp.yaml:3:1: broken")
	if !strings.Contains(log.String(), "psp.yaml:3:1: broken") {
		t.Errorf("log: %s", log.String())
	}
	if changed, err := s.Publish(t.Context(), made(t, []string{"a"})); changed || err != nil {
		t.Errorf("mended: %v, %v", changed, err)
	}
	look("mended", 200, 200, true, "")
	away = errors.New("the API server is away")
	look("away", 200, 503, false, "the API server is away")
	samples := metrics(t, s)
	for name, want := range map[string]string{
		`psp2rego_translations_total{result="published"}`: "1", `psp2rego_translations_total{result="failed"}`: "1",
		`psp2rego_translations_total{result="unchanged"}`: "1", "psp2rego_source_staleness_seconds": "1.5",
		`psp2rego_bundle_revision_info{revision="` + made(t, []string{"a"}).Revision + `"}`: "1",
	} {
		if samples[name] != want {
			t.Errorf("%s: %s, want %s", name, samples[name], want)
		}
	}
}

func TestAFailedSignatureKeepsTheRevisionBefore(t *testing.T) {
	fail := error(nil)
	s := server.New(server.Options{Sign: func(_ context.Context, tarball []byte) ([]byte, error) {
		return append([]byte("signed"), tarball...), fail
	}})
	publish(t, s, made(t, []string{"a"}))
	fail = errors.New("no key")
	if changed, err := s.Publish(t.Context(), made(t, []string{"b"})); changed || !errors.Is(err, fail) {
		t.Errorf("%v, %v", changed, err)
	}
	got := get(s, server.Path)
	if body := expect(t, "after", got, http.StatusOK); !bytes.HasPrefix(body, []byte("signed")) || got.Header.Get("ETag") != `"`+made(t, []string{"a"}).Revision+`"` {
		t.Errorf("%s %.10s", got.Header.Get("ETag"), body)
	}
}

func TestABearerTokenIsDemanded(t *testing.T) {
	token, err := "secret", error(nil)
	s := server.New(server.Options{Token: func() (string, error) { return token, err }})
	publish(t, s, made(t, []string{"a"}))
	try := func(given string, status int) {
		t.Helper()
		expect(t, given, get(s, server.Path, "Authorization", given), status)
	}
	try("Bearer secret", 200)
	try("bearer secret", 200)
	for _, wrong := range []string{"", "Bearer", "Bearer ", "Bearer secre", "Bearer secret2", "Basic secret", "secret"} {
		try(wrong, 401)
	}
	token = "renewed"
	try("Bearer secret", 401)
	try("Bearer renewed", 200)
	token = ""
	try("Bearer ", 401)
	token, err = "renewed", errors.New("unreadable")
	try("Bearer renewed", 401)
	for _, open := range []string{"/health", "/ready", "/metrics"} {
		expect(t, open, get(s, open), 200)
	}
}
