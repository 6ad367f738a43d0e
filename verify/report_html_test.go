// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// element is a tag as a browser would see it: what comes after "<" and a letter.
var element = regexp.MustCompile(`</?[a-zA-Z][a-z0-9-]*`)

// A text that looks like markup stays a text: the page has the elements that it has with harmless
// texts, and shows the text.
func TestHostileTextsAddNothingToThePage(t *testing.T) {
	harmless, page := reportAs(t, plainSample(t), "html"), reportAs(t, hostileSample(t), "html")
	want, got := element.FindAllString(harmless, -1), element.FindAllString(page, -1)
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 300 {
		t.Errorf("%d elements (-harmless +hostile):\n%s", len(want), diff)
	}
	if n := strings.Count(html.UnescapeString(page), printable("<script>window.pwned=1</script>")); n < 25 {
		t.Errorf("the hostile text is shown %d times", n)
	}
	for _, character := range []string{"\x1b", "\u202e", "\r"} {
		if strings.Contains(page, character) {
			t.Errorf("the page holds %q", character)
		}
	}
}

// The page stands for itself: whatever would make a browser fetch or run something is not there.
func TestPageNeedsNothingElse(t *testing.T) {
	for _, r := range []*Report{plainSample(t), {Passes: []*Tally{newTally(PassGenerated)}}} {
		page := reportAs(t, r, "html")
		for _, word := range []string{"<script", "<link", "<img", "<iframe", "src=", "href=", "url(", "@import", "onload"} {
			if strings.Contains(strings.ToLower(page), word) {
				t.Errorf("the page holds %s", word)
			}
		}
		if !strings.Contains(page, `content="default-src 'none'; style-src 'unsafe-inline'"`) {
			t.Error("the page does not forbid the browser to load anything")
		}
	}
}

func TestPageSaysWhatTheReportHolds(t *testing.T) {
	page := html.UnescapeString(reportAs(t, plainSample(t), "html"))
	for _, text := range []string{
		"Not equivalent: 4 divergences in 20\u202f001 cases", "Kubernetes v1.24.17", "OPA 1.22.2", "18446744073709551615", "12.3s, 1\u202f620 cases/s",
		"<b>2</b><span><strong>fail-open</strong>", "<b>1</b><span><strong>fail-closed</strong>", "<b>1</b><span><strong>mutation</strong>",
		"<li>privileged</li><li>restricted</li>", "3 ClusterRole, 2 PodSecurityPolicy",
		"<code>spec.hostPID</code> of the pod is <code>true</code>; with false only native's answer changes, and they agree.",
		"<span>psp2rego</span> <span>verify</span> <span>--policies</span> <span>bundle.tar.gz</span> <span>--replay</span> <span>rec/x.txtar</span>",
		"shrunk from 41 parts to 3, none of which can go", "1 more divergence is counted and not shown", KnownDifferences()[0].Reason,
		"the evaluator cannot decode the request", "19\u202f000 of 19\u202f003 cases agree.", "fail-open 2, mutation 1", ">(requester may use no policy)<", "<li>a note</li>",
		"objects:1:2: error", "hostPID: true", `data-label="decisive allow" class="none">0<`,
	} {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not say %s", text)
		}
	}
	agreeing := newTally(PassGiven)
	agreeing.Cases, agreeing.Phases[Validate].Asked = 1, 1
	if page := reportAs(t, &Report{Passes: []*Tally{agreeing}}, "html"); !strings.Contains(page, "No divergence in 1 case<") {
		t.Errorf("no verdict:\n%s", page)
	}
	if page := reportAs(t, &Report{Passes: []*Tally{newTally(PassGiven)}}, "html"); !strings.Contains(page, "Nothing was judged") {
		t.Errorf("no verdict:\n%s", page)
	}
}

// A live API server was not asked as a bundle is, and the page does not say so.
func TestPageSaysHowAClusterWasAsked(t *testing.T) {
	const never = "in both phases"
	for _, tc := range []struct {
		judged       bool
		said, unsaid []string
	}{
		{true, []string{
			"On some requests the cluster does not decide", "and the same request went to the real admission plugin.", "<span>native</span><span>cluster</span>",
			`content: "cluster  "`, "the pod that would be stored and the message", "updates were not tried", "compared with native: creations alone, by dry runs",
		}, []string{never, "with the bundle’s bytes", "the bundle does not", "<dt>Bundle</dt>", "the pod after mutation"}},
		{false, []string{
			"On some requests the bundle does not decide", "whose own admission plugin decides, and the same request went to OPA with the bundle’s bytes.",
			"<span>native</span><span>bundle</span>", `content: "bundle  "`, "the pod that would be stored and the message", "updates were not tried",
			"<dt>Bundle</dt>", "which is native: creations alone, by dry runs",
		}, []string{never, "the cluster does not", "the pod after mutation"}},
	} {
		r := plainSample(t)
		r.Cluster = &ClusterSet{Server: "v1.24.17 at https://host", Judged: tc.judged}
		page := html.UnescapeString(reportAs(t, r, "html"))
		for _, text := range tc.said {
			if !strings.Contains(page, text) {
				t.Errorf("judged %t: the page does not say %s", tc.judged, text)
			}
		}
		for _, text := range tc.unsaid {
			if strings.Contains(page, text) {
				t.Errorf("judged %t: the page says %s", tc.judged, text)
			}
		}
	}
	r := &Report{Passes: []*Tally{newTally(PassGiven)}, Cluster: &ClusterSet{Judged: true}}
	if page := reportAs(t, r, "html"); !strings.Contains(page, "not proven that the cluster decides") {
		t.Errorf("no verdict:\n%s", page)
	}
	r.Passes[0].Cases, r.Passes[0].Phases[Validate].Asked = 1, 1
	if page := reportAs(t, r, "html"); !strings.Contains(page, "tried, the cluster decides") {
		t.Errorf("no verdict:\n%s", page)
	}
}
