// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/loader"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	opaversion "github.com/open-policy-agent/opa/v1/version"

	"psp2rego/verify/protocol"
)

// OPAVersion is the version of the OPA that is linked in.
func OPAVersion() string { return opaversion.Version }

// OPA is an emitted bundle in the OPA engine, in process. It may be used concurrently.
type OPA struct {
	mutate, validate, explain rego.PreparedEvalQuery
}

// LoadBundle loads the bytes of a bundle (.tar.gz) as OPA would: through its loader, its bundle
// reader and its compiler. Test modules (*_test.rego) are left out, as they are when OPA serves it.
func LoadBundle(ctx context.Context, tarball []byte) (*OPA, error) {
	return load(ctx, loader.NewFileLoader().WithReader(bytes.NewReader(tarball)), "bundle.tar.gz")
}

// LoadBundlePath is LoadBundle for a folder or a file.
func LoadBundlePath(ctx context.Context, path string) (*OPA, error) {
	return load(ctx, loader.NewFileLoader(), path)
}

func load(ctx context.Context, files loader.FileLoader, path string) (*OPA, error) {
	noTests := func(path string, info fs.FileInfo, _ int) bool {
		return !info.IsDir() && strings.HasSuffix(path, "_test.rego")
	}
	bundle, err := files.WithFilter(noTests).AsBundle(path)
	if err != nil {
		return nil, err
	}
	compiler := ast.NewCompiler()
	compiler.Compile(bundle.ParsedModules("bundle"))
	if compiler.Failed() {
		return nil, fmt.Errorf("bundle: %w", compiler.Errors)
	}
	store := inmem.NewFromObjectWithOpts(bundle.Data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
	o := &OPA{}
	for query, prepared := range map[string]*rego.PreparedEvalQuery{
		"data.psp.mutate":   &o.mutate,
		"data.psp.validate": &o.validate,
		"data.psp.explain":  &o.explain,
	} {
		if *prepared, err = rego.New(
			rego.Query(query), rego.Compiler(compiler), rego.Store(store), rego.StoreReadAST(true),
		).PrepareForEval(ctx); err != nil {
			return nil, fmt.Errorf("bundle: %s: %w", query, err)
		}
	}
	return o, nil
}

// Evaluate asks the entry point of the phase. Whatever is wrong with the bundle is a fault in the
// verdict; an error means that the request cannot be turned into an AdmissionReview.
func (o *OPA) Evaluate(ctx context.Context, phase Phase, request *protocol.Request) (*Verdict, error) {
	input, err := reviewInput(request)
	if err != nil {
		return nil, err
	}
	return o.evaluate(ctx, phase, request, input)
}

func (o *OPA) evaluate(ctx context.Context, phase Phase, request *protocol.Request, input ast.Value) (*Verdict, error) {
	query := &o.mutate
	if phase == Validate {
		query = &o.validate
	}
	document, err := ask(ctx, query, input)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return &Verdict{Fault: err.Error()}, nil
	}
	verdict, err := readReview(document, phase)
	if err != nil {
		return &Verdict{Fault: err.Error()}, nil
	}
	if phase == Mutate && verdict.Allowed {
		if verdict.Object, err = patched(request.Object, verdict.Patch); err != nil {
			return &Verdict{Fault: "patch: " + err.Error()}, nil
		}
	}
	return verdict, nil
}

func ask(ctx context.Context, query *rego.PreparedEvalQuery, input ast.Value) (any, error) {
	results, err := query.Eval(ctx, rego.EvalParsedInput(input))
	switch {
	case err != nil:
		return nil, err
	case len(results) == 0:
		return nil, errors.New("the entry point is undefined")
	case len(results) > 1 || len(results[0].Expressions) != 1:
		return nil, errors.New("the entry point has several values")
	}
	return results[0].Expressions[0].Value, nil
}

// reviewUID marks our AdmissionReviews; the answer has to repeat it.
const reviewUID = "705ab4f5-6393-11e8-b7cc-42010a800002"

// readReview reads an AdmissionReview that carries a response. It refuses whatever an API server
// would refuse (k8s.io/apiserver pkg/admission/plugin/webhook/request, v1.24.17), and more.
func readReview(document any, phase Phase) (*Verdict, error) {
	review, ok := document.(map[string]any)
	if !ok || review["apiVersion"] != "admission.k8s.io/v1" || review["kind"] != "AdmissionReview" {
		return nil, fmt.Errorf("not an AdmissionReview: %v", document)
	}
	response, ok := review["response"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("an AdmissionReview without response: %v", document)
	}
	if response["uid"] != reviewUID {
		return nil, fmt.Errorf("the response is for uid %v", response["uid"])
	}
	verdict := &Verdict{}
	if verdict.Allowed, ok = response["allowed"].(bool); !ok {
		return nil, fmt.Errorf("the response has allowed %v", response["allowed"])
	}
	if err := readPatch(verdict, response, phase); err != nil {
		return nil, err
	}
	if err := readStatus(verdict, response); err != nil {
		return nil, err
	}
	audit, ok := response["auditAnnotations"].(map[string]any)
	if !ok && response["auditAnnotations"] != nil {
		return nil, fmt.Errorf("the response has audit annotations %v", response["auditAnnotations"])
	}
	verdict.Audit = make(map[string]string, len(audit))
	for key, value := range audit {
		if verdict.Audit[key], ok = value.(string); !ok {
			return nil, fmt.Errorf("the response has audit annotation %q %v", key, value)
		}
	}
	verdict.Policy = verdict.Audit[phase.auditKey()]
	verdict.Handled = !verdict.Allowed || len(verdict.Audit) > 0
	return verdict, nil
}

func readPatch(verdict *Verdict, response map[string]any, phase Phase) error {
	patch, kind := response["patch"], response["patchType"]
	if patch == nil && kind == nil {
		return nil
	}
	text, ok := patch.(string)
	switch {
	case phase == Validate:
		return errors.New("a validating response carries a patch")
	case !verdict.Allowed:
		return errors.New("a refusal carries a patch")
	case !ok || kind != "JSONPatch":
		return fmt.Errorf("the response has patch %v of type %v", patch, kind)
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("patch: %w", err)
	}
	verdict.Patch = data
	return nil
}

func readStatus(verdict *Verdict, response map[string]any) error {
	if verdict.Allowed {
		return nil
	}
	status, _ := response["status"].(map[string]any)
	if status["reason"] != "Forbidden" || fmt.Sprint(status["code"]) != fmt.Sprint(http.StatusForbidden) {
		return fmt.Errorf("a refusal has code %v, reason %v", status["code"], status["reason"])
	}
	message, ok := status["message"].(string)
	if !ok || message == "" {
		return errors.New("a refusal has no message")
	}
	verdict.Message = message
	return nil
}

// Explanation is what data.psp.explain says about one request, as far as it is compared.
type Explanation struct {
	Policies map[string]PolicyExplanation `json:"policies"`
}

// PolicyExplanation is what one policy has to do with a request.
type PolicyExplanation struct {
	Usable     bool     `json:"usable"`
	Reason     string   `json:"reason"` // why it is not usable
	Authorized bool     `json:"authorized"`
	Grants     []Grant  `json:"grants"`
	Accepts    bool     `json:"accepts"`
	Violations []string `json:"violations"`
	// Writes are the defaults that the policy fills in: pairs of a path and a value.
	Writes [][]any `json:"writes"`
}

// Grant is one way by which the requester or the pod's service account may use a policy.
type Grant struct {
	Subject   string `json:"subject"`
	Binding   string `json:"binding"`
	Role      string `json:"role"`
	Namespace string `json:"namespace"`
}

// Explain asks the entry point that explains a decision.
func (o *OPA) Explain(ctx context.Context, request *protocol.Request) (*Explanation, error) {
	input, err := reviewInput(request)
	if err != nil {
		return nil, err
	}
	return o.explained(ctx, input)
}

func (o *OPA) explained(ctx context.Context, input ast.Value) (*Explanation, error) {
	document, err := ask(ctx, &o.explain, input)
	if err != nil {
		return nil, fmt.Errorf("data.psp.explain: %w", err)
	}
	data, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("data.psp.explain: %w", err)
	}
	explanation := &Explanation{}
	if err := json.Unmarshal(data, explanation); err != nil {
		return nil, fmt.Errorf("data.psp.explain: %w", err)
	}
	return explanation, nil
}
