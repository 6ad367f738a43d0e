// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// measured is what a page looks like in the browser.
type measured struct {
	Scroll     int      // width of all content
	Beyond     []string // what sticks out of the window
	Cut        []string // what is hidden behind the edge of its box and cannot be scrolled to
	Faint      []string // text without enough contrast (WCAG 2, level AA: 4.5)
	Background string
	Elements   int
	Pwned      bool
	Text       string
}

const measure = `(() => {
  const colour = (text) => {
    const parts = text.match(/[\d.]+/g).map(Number);
    return {rgb: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1};
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = colour(getComputedStyle(e).backgroundColor);
      if (c.alpha === 1) return c.rgb;
    }
    return [255, 255, 255];
  };
  const name = (e) => e.tagName + "." + e.className + " " + e.textContent.trim().slice(0, 40);
  const visible = (e) => e.getClientRects().length && getComputedStyle(e).clipPath === "none" && !(e.parentElement && e.closest("thead") && getComputedStyle(e.closest("thead")).clipPath !== "none");
  const all = [...document.querySelectorAll("body, body *")].filter(visible);
  const faint = [];
  for (const e of all) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const a = luminance(colour(getComputedStyle(e).color).rgb), b = luminance(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(ratio.toFixed(2) + " " + name(e));
  }
  const width = document.documentElement.clientWidth;
  return {
    scroll: document.documentElement.scrollWidth,
    beyond: all.filter((e) => e.getBoundingClientRect().right > width + 0.5 || e.getBoundingClientRect().left < -0.5).map(name),
    cut: all.filter((e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth && getComputedStyle(e).overflowX === "hidden").map(name),
    faint: faint,
    background: getComputedStyle(document.body).backgroundColor,
    elements: document.querySelectorAll("*").length,
    pwned: window.pwned !== undefined,
    text: document.body.innerText,
  };
})()`

// TestHTMLReportInABrowser looks at the page as people do: on a phone and on a screen, in light and
// dark, and on paper. PSP2REGO_SCREENSHOTS names a folder that gets pictures of it.
func TestHTMLReportInABrowser(t *testing.T) {
	b := startBrowser(t)
	agreeing := plainSample(t)
	agreeing.Divergences, agreeing.Passes[0].Divergences = nil, map[Class]int{}
	elements := map[string]int{}
	for _, page := range []struct {
		name   string
		report *Report
	}{{"diverging", plainSample(t)}, {"hostile", hostileSample(t)}, {"equivalent", agreeing}} {
		path := filepath.Join(t.TempDir(), "report.html")
		if err := os.WriteFile(path, []byte(reportAs(t, page.report, "html")), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, width := range []int{360, 768, 1280} {
			backgrounds := map[string]string{}
			for _, scheme := range []string{"light", "dark"} {
				name := fmt.Sprintf("%s_%d_%s", page.name, width, scheme)
				b.requests, b.problems = nil, nil
				b.look(width, scheme, "screen")
				b.open("file://" + path)
				m := measured{}
				b.evaluate(measure, &m)
				check(t, name, width, &m)
				if want := []string{"file://" + path}; !slices.Equal(b.requests, want) || len(b.problems) > 0 {
					t.Errorf("%s: the browser asked for %q and complained %q", name, b.requests, b.problems)
				}
				backgrounds[scheme], elements[page.name] = m.Background, m.Elements
				b.screenshot(name)
			}
			if backgrounds["light"] == backgrounds["dark"] {
				t.Errorf("%s: light and dark look the same: %v", page.name, backgrounds)
			}
		}
		b.onPaper(page.name)
	}
	if elements["hostile"] != elements["diverging"] || elements["hostile"] < 300 {
		t.Errorf("elements: %v", elements)
	}
}

func check(t *testing.T, name string, width int, m *measured) {
	t.Helper()
	if m.Scroll > width || len(m.Beyond) > 0 || len(m.Cut) > 0 {
		t.Errorf("%s: %d of %d pixels wide; beyond the edge: %q; cut off: %q", name, m.Scroll, width, m.Beyond, m.Cut)
	}
	if len(m.Faint) > 0 {
		t.Errorf("%s: hard to read: %q", name, m.Faint)
	}
	if m.Pwned {
		t.Errorf("%s: a script ran", name)
	}
	if strings.HasPrefix(name, "hostile") && strings.Count(m.Text, "<script>window.pwned=1</script>") < 25 {
		t.Errorf("%s: the hostile text is not shown", name)
	}
}

// onPaper prints the page that is open.
func (b *browser) onPaper(name string) {
	b.t.Helper()
	const width = 700 // A4 within its margins
	b.look(width, "dark", "print")
	m := measured{}
	b.evaluate(measure, &m)
	check(b.t, name+" on paper", width, &m)
	if m.Background != "rgb(255, 255, 255)" {
		b.t.Errorf("%s on paper: the background is %s", name, m.Background)
	}
	b.screenshot(name + "_paper")
	hidden := []string{}
	b.evaluate(`[...document.querySelectorAll("pre")].filter((e) => e.scrollHeight > e.clientHeight + 1).map((e) => e.textContent.slice(0, 40))`, &hidden)
	if len(hidden) > 0 {
		b.t.Errorf("%s on paper: cut off: %q", name, hidden)
	}
	pdf := struct{ Data []byte }{}
	b.call("Page.printToPDF", map[string]any{"printBackground": true}, &pdf)
	if !strings.HasPrefix(string(pdf.Data), "%PDF-") {
		b.t.Errorf("%s on paper: no PDF", name)
	}
	b.keep(name+".pdf", pdf.Data)
}

func (b *browser) screenshot(name string) {
	b.t.Helper()
	if os.Getenv("PSP2REGO_SCREENSHOTS") == "" {
		return
	}
	shot := struct{ Data string }{}
	b.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	b.keep(name+".png", data)
}

func (b *browser) keep(name string, data []byte) {
	b.t.Helper()
	if folder := os.Getenv("PSP2REGO_SCREENSHOTS"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
}
