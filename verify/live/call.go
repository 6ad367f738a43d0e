// SPDX-License-Identifier: Apache-2.0

package live

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// A server that is too busy says so, and when to come back (429 with Retry-After). It is asked again so often, and waited for so long at a time.
const (
	maxTries = 10
	maxWait  = 30 * time.Second
)

// reply is what a server answered.
type reply struct {
	path   string
	code   int
	body   []byte
	status metav1.Status // of a failure
}

// call sends a request, in the name of somebody if as is not nil, at a time at which the rate allows it, and again while the server is too busy.
// Only what went wrong with the sending is an error, and a server that has no answer to give: see fatal.
func (s *Server) call(ctx context.Context, as *requester, method, path string, query url.Values, body any) (*reply, error) {
	data, ok := body.([]byte)
	if !ok && body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	for try := 1; ; try++ {
		if err := s.limit.Wait(ctx); err != nil {
			return nil, err
		}
		r, wait, err := s.send(ctx, as, method, path, query, data)
		switch {
		case err != nil:
			return nil, err
		case r.code != http.StatusTooManyRequests:
			return r, s.fatal(r)
		case wait > maxWait:
			return nil, fmt.Errorf("API server %s is too busy, and wants to be asked again in %s: try later, or a lower --rate", s.Host, wait)
		case try == maxTries:
			return nil, fmt.Errorf("API server %s is too busy: it refused %d times in a row: %s; try later, or a lower --rate", s.Host, maxTries, r.text())
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
}

// send sends a request once. One that changes the cluster is not abandoned when the context ends while it is under way: what it made would not be known,
// and not be removed. wait is how long the server, if it is too busy, wants to be left alone.
func (s *Server) send(
	ctx context.Context, as *requester, method, path string, query url.Values, body []byte,
) (r *reply, wait time.Duration, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	if ctx.Value(own{}) != nil {
		ctx = context.WithoutCancel(ctx) // requestTimeout bounds it
	}
	to := *s.base
	to.Path = strings.TrimSuffix(to.Path, "/") + path
	to.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	request.Header.Set("Accept", "application/json")
	if len(body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	if as != nil {
		as.sign(request.Header)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, 0, s.unreachable(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	r = &reply{path: path, code: response.StatusCode}
	if r.body, err = io.ReadAll(response.Body); err != nil {
		return nil, 0, s.unreachable(ctx, err)
	}
	if r.code >= http.StatusMultipleChoices {
		_ = json.Unmarshal(r.body, &r.status) // what is no Status is taken as text
	}
	wait = time.Second
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds >= 0 {
		wait = time.Duration(seconds) * time.Second
	}
	return r, wait, nil
}

// text is what the server says about a failure.
func (r *reply) text() string {
	if r.status.Message != "" {
		return r.status.Message
	}
	return strings.TrimSpace(string(r.body[:min(len(r.body), 300)]))
}

// noName is an internal error that a pod brings about by naming something, a RuntimeClass for one, in a way that is no name: admission plugins look it up
// (k8s.io/client-go rest/request.go, v1.24.17).
var noName = regexp.MustCompile(`^(invalid resource name |resource name may not be empty)`)

// fatal is what keeps the server from giving any answer that means something.
func (s *Server) fatal(r *reply) error {
	switch {
	case r.code == http.StatusUnauthorized:
		text := fmt.Sprintf("API server %s does not accept your credentials (401 Unauthorized)", s.Host)
		if expired := s.expired(); expired != "" {
			text += ": " + expired
		}
		return errors.New(text)
	case r.code >= http.StatusInternalServerError && !noName.MatchString(r.status.Message):
		return s.fault(r)
	case strings.Contains(r.status.Message, "does not support dry run"):
		return fmt.Errorf("API server %s cannot make dry runs of pods: %s. A webhook that has side effects has to be declared with "+
			"sideEffects None or NoneOnDryRun, or to be kept from the namespaces that are asked about", s.Host, r.status.Message)
	case r.code == http.StatusForbidden && strings.Contains(r.status.Message, " cannot impersonate "):
		return fmt.Errorf("API server %s does not let you act as others: %s", s.Host, r.status.Message)
	}
	return nil
}

// fault is a failure in words.
func (s *Server) fault(r *reply) error {
	return fmt.Errorf("API server %s: %s: %d %s: %s", s.Host, r.path, r.code, http.StatusText(r.code), r.text())
}

// unreachable says why there was no answer.
func (s *Server) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var refused *notDry
	if errors.As(err, &refused) {
		return refused
	}
	if cause := (*url.Error)(nil); errors.As(err, &cause) {
		err = cause.Err // without the address, which is told anyhow
	}
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return fmt.Errorf("API server %s: its certificate has expired: %w", s.Host, err)
	}
	return fmt.Errorf("API server %s does not answer: %w", s.Host, err)
}

// expired says that the client certificate has, if so.
func (s *Server) expired() string {
	config := rest.CopyConfig(s.config)
	if rest.LoadTLSFiles(config) != nil || len(config.CertData) == 0 {
		return "a token that has expired, or a certificate of another cluster, are the usual reasons"
	}
	pair, err := tls.X509KeyPair(config.CertData, config.KeyData)
	if err != nil || pair.Leaf == nil || time.Now().Before(pair.Leaf.NotAfter) {
		return ""
	}
	return "your client certificate has expired on " + pair.Leaf.NotAfter.UTC().Format(time.DateTime)
}
