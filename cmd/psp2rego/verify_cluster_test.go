// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"psp2rego/verify"
	"psp2rego/verify/protocol"
	"psp2rego/verify/server"
)

// liveServer is an API server that stores no pod. The real plugin decides: as a part of it if plugin is set, else behind a webhook.
type liveServer struct {
	t       *testing.T
	native  *verify.Native
	objects []json.RawMessage
	plugin  bool
	// forgets is a word of a refusal that such a server never makes.
	forgets string
	// full says that a quota keeps out whatever is let in.
	full bool
	// unjudged are namespaces whose pods such a server lets in as they are.
	unjudged map[string]bool

	mu    sync.Mutex
	tried int
	other []string // requests that would store something
}

// newLiveServer serves the objects, and gives a kubeconfig that leads to it.
func newLiveServer(t *testing.T, plugin bool, files ...string) (s *liveServer, kubeconfig string) {
	t.Helper()
	if os.Getenv("PSP2REGO_NATIVE") == "" {
		t.Skip("no evaluator: set PSP2REGO_NATIVE")
	}
	native, err := verify.StartNative(t.Context(), nativeCommand(os.Getenv("PSP2REGO_NATIVE")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = native.Close() })
	s = &liveServer{t: t, native: native, plugin: plugin, objects: objectsOf(t, files...)}
	if err := native.Load(protocol.Cluster{Objects: s.objects}, "the cluster"); err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(s)
	t.Cleanup(front.Close)
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"c","contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],
"clusters":[{"name":"c","cluster":{"server":%q}}],"users":[{"name":"u","user":{}}]}`, front.URL)
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s, kubeconfig
}

// objectsOf are the objects in the files.
func objectsOf(t *testing.T, files ...string) []json.RawMessage {
	t.Helper()
	cmd := newRootCommand()
	cmd.SetContext(t.Context())
	cmd.SetErr(io.Discard)
	in := &input{paths: files}
	cluster, err := in.load(cmd)
	if err != nil {
		t.Fatal(err)
	}
	return cluster.Objects
}

func (s *liveServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	version := "v1.24.17"
	if !s.plugin {
		version = "v1.36.3"
	}
	list := func(kind string) {
		items := []json.RawMessage{}
		for _, object := range s.objects {
			head := struct{ Kind string }{}
			if err := json.Unmarshal(object, &head); err != nil {
				s.t.Error(err)
			}
			if head.Kind == kind {
				items = append(items, object)
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"kind": "List", "apiVersion": "v1", "metadata": map[string]any{}, "items": items})
	}
	kinds := map[string]string{
		"clusterroles": "ClusterRole", "clusterrolebindings": "ClusterRoleBinding", "roles": "Role", "rolebindings": "RoleBinding",
		"podsecuritypolicies": "PodSecurityPolicy",
	}
	switch base := path.Base(r.URL.Path); {
	case r.Method == http.MethodPost && base == "selfsubjectaccessreviews":
		fmt.Fprint(w, `{"status":{"allowed":true}}`)
	case r.Method == http.MethodPost && base == "pods" && r.URL.Query().Get("dryRun") == "All":
		s.create(w, r)
	case r.Method != http.MethodGet:
		s.mu.Lock()
		s.other = append(s.other, r.Method+" "+r.URL.String())
		s.mu.Unlock()
	case base == "version":
		fmt.Fprintf(w, `{"gitVersion":%q}`, version)
	case strings.HasPrefix(r.URL.Path, "/apis/policy/") && !s.plugin:
		refuse(w, http.StatusNotFound, "NotFound", "not found")
	case base == "v1beta1":
		fmt.Fprint(w, `{"resources":[{"name":"podsecuritypolicies"}]}`)
	case base == "namespaces":
		fmt.Fprint(w, `{"items":[{"metadata":{"name":"default"}},{"metadata":{"name":"kube-system"}},{"metadata":{"name":"monitoring"}},`+
			`{"metadata":{"name":"psp2rego-system"}}]}`)
	case base == "serviceaccounts":
		fmt.Fprint(w, `{"items":[{"metadata":{"namespace":"default","name":"default"}},{"metadata":{"namespace":"kube-system","name":"default"}},`+
			`{"metadata":{"namespace":"psp2rego-system","name":"default"}}]}`)
	default:
		list(kinds[base])
	}
}

func refuse(w http.ResponseWriter, code int, reason, message string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": message})
}

// create answers as an API server does whose other admission plugins add something of their own.
func (s *liveServer) create(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried++
	body, err := io.ReadAll(r.Body)
	if err == nil && !s.plugin {
		body, err = server.For24(body)
	}
	if err != nil {
		s.t.Error(err)
	}
	namespace := strings.Split(r.URL.Path, "/")[4]
	answer, err := s.native.Review(&protocol.Request{
		Operation: "CREATE", Namespace: namespace, Resource: protocol.Pods(), Kind: protocol.PodKind(), Object: body,
		UserInfo: protocol.UserInfo{Username: r.Header.Get("Impersonate-User"), Groups: r.Header["Impersonate-Group"]},
	}, "a pod")
	switch {
	case err != nil:
		s.t.Error(err)
	case answer.Error != nil:
		refuse(w, http.StatusForbidden, "Forbidden", `pods "x" is forbidden: `+answer.Error.Message)
	case !answer.Admit.Allowed && !s.unjudged[namespace] && (s.forgets == "" || !strings.Contains(answer.Admit.Message, s.forgets)):
		message := answer.Admit.Message
		if !s.plugin {
			_, said, _ := strings.Cut(message, " is forbidden: ")
			message = `admission webhook "podsecuritypolicy.policy.k8s.io" denied the request: ` + said
		}
		refuse(w, http.StatusForbidden, "Forbidden", message)
	case len(answer.Created.Errors) > 0:
		refuse(w, http.StatusUnprocessableEntity, "Invalid", strings.Join(answer.Created.Errors, ", "))
	case s.full:
		refuse(w, http.StatusForbidden, "Forbidden", `pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1`)
	default:
		var pod map[string]any
		if err := json.Unmarshal(answer.Created.Object, &pod); err != nil {
			s.t.Error(err)
		}
		pod["kind"], pod["apiVersion"] = "Pod", "v1"
		metadata := pod["metadata"].(map[string]any)
		metadata["uid"], metadata["generation"] = "u", 1
		if !answer.Admit.Allowed {
			metadata["annotations"] = map[string]string{"kubernetes.io/psp": "forgetful"}
		}
		spec := pod["spec"].(map[string]any)
		added, _ := spec["tolerations"].([]any)
		spec["tolerations"] = append(added, map[string]any{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300})
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(pod)
	}
}

// clusterVerify runs verify against the cluster and gives its exit status and what it printed.
func clusterVerify(args ...string) (code int, stdout, stderr string) {
	var out, errs strings.Builder
	code = run(append([]string{"verify", "--against-cluster", "--rate", "100000", "--seed", "1"}, args...), strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

var mkeFiles = []string{"../../testdata/mke/base/policies.yaml", "../../testdata/mke/base/roles.yaml", "../../testdata/mke/page"}

func expect(t *testing.T, code, want int, text string, words ...string) {
	t.Helper()
	if code != want {
		t.Errorf("exit status %d, want %d", code, want)
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("nothing says %q:\n%s", word, text)
		}
	}
}

func TestAClusterWithThePluginIsNative(t *testing.T) {
	s, kubeconfig := newLiveServer(t, true, mkeFiles...)
	code, out, errs := clusterVerify("--kubeconfig", kubeconfig, "--cases", "300", "--allow-undecided")
	expect(t, code, exitDone, out+errs, "native is the API server v1.24.17 at http://127.0.0.1:", "no divergence: 300 cases", "native Kubernetes v1.24.17")
	if s.tried < 150 || len(s.other) > 0 {
		t.Errorf("%d pods were tried, and sent was %v", s.tried, s.other)
	}
}

// The cluster lets in what the bundle, which is made of what the cluster itself says, refuses.
func TestABundleThatIsNotTheClustersDiverges(t *testing.T) {
	s, kubeconfig := newLiveServer(t, true, mkeFiles...)
	s.forgets = "hostPID"
	records := t.TempDir()
	code, out, errs := clusterVerify("--kubeconfig", kubeconfig, "--cases", "152", "--record", records)
	expect(t, code, exitFinding, out+errs, "fail-closed", "spec.hostPID", "NOT EQUIVALENT", "--against-cluster", "--replay "+records)
	files, err := filepath.Glob(filepath.Join(records, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("recorded are %v, %v", files, err)
	}
	code, out, errs = clusterVerify("--kubeconfig", kubeconfig, "--replay", files[0])
	expect(t, code, exitFinding, out+errs, "fail-closed")
	s.forgets = ""
	code, out, errs = clusterVerify("--kubeconfig", kubeconfig, "--replay", files[0])
	expect(t, code, exitDone, out+errs, "no divergence")
}

func TestAClusterWithoutThePluginIsJudged(t *testing.T) {
	s, kubeconfig := newLiveServer(t, false, mkeFiles...)
	args := []string{"--kubeconfig", kubeconfig, "--allow-undecided"}
	for _, file := range mkeFiles {
		args = append(args, "-f", file)
	}
	code, out, errs := clusterVerify(append(args, "--cases", "300")...)
	expect(t, code, exitDone, out+errs, "API server v1.36.3 at http://127.0.0.1:", "no divergence: 300 cases")
	s.forgets = "hostPID"
	code, out, errs = clusterVerify(append(args, "--cases", "152")...)
	expect(t, code, exitFinding, out+errs, "fail-open", "the cluster allows", "spec.hostPID")
	s.forgets = ""
	code, out, errs = clusterVerify("--kubeconfig", kubeconfig)
	expect(t, code, exitFailed, errs, "serves no PodSecurityPolicies", "-f")
	code, out, errs = clusterVerify(append(args, "--server-version", "1.30")...)
	expect(t, code, exitFailed, errs, "--server-version 1.30")
	code, out, errs = clusterVerify(append(args, "--policies", t.TempDir())...)
	expect(t, code, exitFailed, errs, "it is judged itself")
	if len(s.other) > 0 {
		t.Errorf("sent was %v", s.other)
	}
}

// policiesOf are the policies among the objects, as a file.
func policiesOf(t *testing.T, objects []json.RawMessage) string {
	t.Helper()
	var out strings.Builder
	for _, object := range objects {
		if strings.Contains(string(object), `"kind":"PodSecurityPolicy"`) {
			fmt.Fprintf(&out, "---\n%s\n", object)
		}
	}
	file := filepath.Join(t.TempDir(), "policies.yaml")
	if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPoliciesOfFilesWithTheBindingsOfTheCluster(t *testing.T) {
	s, kubeconfig := newLiveServer(t, false, mkeFiles...)
	code, out, errs := clusterVerify("--kubeconfig", kubeconfig, "--allow-undecided", "--cases", "100", "-f", policiesOf(t, s.objects))
	expect(t, code, exitDone, out+errs, "no divergence: 100 cases")
	if s.tried < 50 {
		t.Errorf("%d pods were tried", s.tried)
	}
	file := filepath.Join(t.TempDir(), "own.yaml")
	text := "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: own}\nspec:\n  runAsUser: {rule: RunAsAny}\n" +
		"  seLinux: {rule: RunAsAny}\n  fsGroup: {rule: RunAsAny}\n  supplementalGroups: {rule: RunAsAny}\n  volumes: [hostpath]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, errs = clusterVerify("--kubeconfig", kubeconfig, "--allow-undecided", "--cases", "1", "-f", file)
	if want := file + `:9:13: warning: spec.volumes[0]: unknown volume type "hostpath"`; !strings.Contains(errs, want) {
		t.Errorf("nothing says %s:\n%s", want, errs)
	}
}

// What the webhooks leave alone is not put to the test, and a recorded case is tried again with the same exemptions.
func TestNamespacesThatWebhooksLeaveAloneAreNotTried(t *testing.T) {
	s, kubeconfig := newLiveServer(t, false, mkeFiles...)
	s.unjudged = map[string]bool{"kube-system": true, "psp2rego-system": true}
	args := []string{"--kubeconfig", kubeconfig, "--allow-undecided", "--cases", "300"}
	for _, file := range mkeFiles {
		args = append(args, "-f", file)
	}
	code, out, errs := clusterVerify(args...)
	expect(t, code, exitFinding, out+errs, "fail-open")
	tried := s.tried
	code, out, errs = clusterVerify(append(args, "--exempt-namespace", "kube-system")...)
	expect(t, code, exitDone, out+errs, "no divergence: 300 cases")
	if s.tried-tried < 100 {
		t.Errorf("%d pods were tried", s.tried-tried)
	}
	s.forgets = "hostPID"
	code, out, errs = clusterVerify(append(args, "--exempt-namespace", "kube-system", "--record", t.TempDir())...)
	expect(t, code, exitFinding, out+errs, "fail-open", "--exempt-namespace kube-system --replay ")
}

// A quota is asked after all webhooks: what it refuses was let in by them.
func TestAQuotaHidesNoPodThatWasLetIn(t *testing.T) {
	s, kubeconfig := newLiveServer(t, false, mkeFiles...)
	s.full = true
	args := []string{"--kubeconfig", kubeconfig, "--allow-undecided", "--cases", "152"}
	for _, file := range mkeFiles {
		args = append(args, "-f", file)
	}
	code, out, errs := clusterVerify(args...)
	expect(t, code, exitDone, out+errs, "no divergence: 152 cases")
	s.forgets = "hostPID"
	code, out, errs = clusterVerify(args...)
	expect(t, code, exitFinding, out+errs, "fail-open", "the cluster allows", "spec.hostPID")
}

func TestClusterFlagsThatContradict(t *testing.T) {
	_, kubeconfig := newLiveServer(t, true, mkeFiles...)
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"verify", "-f", "x", "--context", "c"}, "are for --against-cluster"},
		{[]string{"verify", "-f", "x", "--exempt-namespace", "n"}, "are for --against-cluster"},
		{[]string{"verify", "-f", "x", "--rate", "1"}, "are for --against-cluster"},
		{[]string{"verify", "--against-cluster", "--rate", "0"}, "--rate 0"},
		{[]string{"verify", "--against-cluster", "--generate"}, "leave --generate out"},
		{[]string{"verify", "--against-cluster", "--engine", "gatekeeper"}, "leave --engine gatekeeper out"},
		{[]string{"verify", "--against-cluster", "--kubeconfig", kubeconfig, "--context", "nobody"}, `context "nobody" does not exist`},
		{[]string{"verify", "--against-cluster", "--kubeconfig", filepath.Join(t.TempDir(), "none")}, "no such file"},
	} {
		var out, errs strings.Builder
		code := run(tc.args, strings.NewReader(""), &out, &errs)
		expect(t, code, exitFailed, errs.String(), tc.want)
		if out.Len() > 0 {
			t.Errorf("%v printed %s", tc.args, out.String())
		}
	}
}
