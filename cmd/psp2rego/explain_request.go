// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"psp2rego/verify"
	"psp2rego/verify/protocol"
	"psp2rego/verify/server"
)

// question is one pod on its way into the cluster, and whose it is.
type question struct {
	workload
	namespace string
	// sent is the request as its creator sends it, prepared as admission webhooks see it.
	sent, prepared protocol.Request
	account        string // the pod's service account, "" for a mirror pod
}

// ask fills in who creates the pod, and where.
func (o *explainOptions) ask(w *workload) (*question, error) {
	q := &question{workload: *w, namespace: cmp.Or(o.namespace, w.meta.Namespace, "default")}
	if o.namespace != "" && w.meta.Namespace != "" && o.namespace != w.meta.Namespace {
		return nil, fmt.Errorf("%s %s: is of namespace %s, not %s", w.kind, w.name(), w.meta.Namespace, o.namespace)
	}
	pod := w.pod.DeepCopy()
	pod.Namespace = q.namespace
	user := cmp.Or(o.user, w.creator)
	q.sent = protocol.Request{
		Operation: "CREATE", Namespace: q.namespace, Name: pod.Name,
		Resource: protocol.Pods(), Kind: protocol.PodKind(),
		UserInfo: protocol.UserInfo{Username: user, Groups: groupsOf(user, o.groups)},
	}
	q.prepared = q.sent
	var err error
	if q.sent.Object, err = json.Marshal(pod); err != nil {
		return nil, err
	}
	if q.prepared.Object, err = preparedPod(pod); err != nil {
		return nil, err
	}
	q.account = pod.Spec.ServiceAccountName
	return q, nil
}

// preparedPod is the pod as PodSecurityPolicy admission, or a webhook in its place, gets to see it.
func preparedPod(pod *corev1.Pod) (json.RawMessage, error) {
	defaultPod(pod)
	addServiceAccount(pod)
	return json.Marshal(pod)
}

func (w *workload) name() string { return cmp.Or(w.meta.Name, w.meta.GenerateName) }

// explain writes what is to be said about one workload. It reports whether the pod is refused or the plugin disagrees.
func (o *explainOptions) explain(ctx context.Context, out io.Writer, w *workload, ours *verify.OPA, native *verify.Native) (bool, error) {
	q, err := o.ask(w)
	if err != nil {
		return false, err
	}
	verdict, err := ours.Evaluate(ctx, verify.Mutate, &q.prepared)
	if err != nil {
		return false, err
	}
	if verdict.Fault != "" {
		return false, fmt.Errorf("the bundle gives no answer: %s", verdict.Fault)
	}
	explanation, err := ours.Explain(ctx, &q.prepared)
	if err != nil {
		return false, err
	}
	text := &explainText{question: q, verdict: verdict, explanation: explanation}
	if native != nil {
		if text.native, err = askNative(ctx, native, q, verdict, explanation); err != nil {
			return false, err
		}
	}
	return !verdict.Allowed || text.native.differs(), text.write(out)
}

// secondOpinion is what the real admission plugin says.
type secondOpinion struct {
	version    string
	difference *verify.Difference // nil if it decides the same
	// invalid says what API validation holds against the admitted pod, apart from the verdict; later says that the
	// plugin refuses the pod after all when it is validated.
	invalid []string
	later   string
}

func (s *secondOpinion) differs() bool { return s != nil && s.difference != nil }

func askNative(ctx context.Context, native *verify.Native, q *question, ours *verify.Verdict, explanation *verify.Explanation) (*secondOpinion, error) {
	sent := q.sent
	var err error
	if sent.Object, err = server.For24(sent.Object); err != nil {
		return nil, err
	}
	review, err := native.Review(&sent, "review")
	if err != nil {
		return nil, err
	}
	if review.Error != nil {
		return nil, fmt.Errorf("native evaluator: %w", review.Error)
	}
	theirs, err := native.Evaluate(ctx, verify.Mutate, review.Request)
	if err != nil {
		return nil, err
	}
	opinion := &secondOpinion{version: strings.TrimPrefix(native.Greeting.Version, "v")}
	opinion.difference = verify.Compare(verify.Mutate, withoutObject(theirs), withoutObject(ours), explanation)
	if ours.Allowed && theirs.Allowed {
		opinion.invalid = review.Created.Errors
		if !review.Validate.Allowed {
			opinion.later = review.Validate.Message
		}
	}
	return opinion, nil
}

// withoutObject leaves the pods out of a comparison: the evaluator's carries every default of the API, ours those that a
// policy reads.
func withoutObject(v *verify.Verdict) *verify.Verdict {
	bare := *v
	bare.Object, bare.Patch = nil, nil
	return &bare
}
