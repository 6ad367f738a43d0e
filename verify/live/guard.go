// SPDX-License-Identifier: Apache-2.0

package live

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// accessReviews are questions. The API server stores none.
const accessReviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

// guard lets no request out that would change anything: dry runs alone create pods, and everything else only reads. What makes and removes the
// program's own namespaces passes if it was asked for.
type guard struct {
	server *Server
	next   http.RoundTripper
}

// notDry is a request that was held back.
type notDry struct{ method, path string }

func (e *notDry) Error() string {
	return fmt.Sprintf("%s %s would change the cluster, and is not sent: this is a mistake in psp2rego", e.method, e.path)
}

// RoundTrip sends the request if it may be sent.
func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if path := strings.TrimPrefix(r.URL.Path, strings.TrimSuffix(g.server.base.Path, "/")); !g.passes(r, path) {
		return nil, &notDry{r.Method, r.URL.Path}
	}
	return g.next.RoundTrip(r)
}

func (g guard) passes(r *http.Request, path string) bool {
	dry := slices.Equal(r.URL.Query()["dryRun"], []string{"All"})
	switch r.Method {
	case http.MethodGet:
		return true
	case http.MethodPost:
		if dry || path == accessReviews {
			return true
		}
	}
	return g.server.creates && r.Context().Value(own{}) != nil
}

// own marks the context of what makes and removes the program's own namespaces.
type own struct{}
