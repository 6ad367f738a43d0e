// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what Prometheus is told; docs/serving.md lists them.
type metrics struct {
	registry     *prometheus.Registry
	requests     *prometheus.CounterVec
	translations *prometheus.CounterVec
	polls        prometheus.Gauge
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "psp2rego_bundle_requests_total", Help: "Requests for the bundle, by what they were answered with.",
		}, []string{"answer"}),
		translations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "psp2rego_translations_total", Help: "Attempts to publish the source's state, by how they ended.",
		}, []string{"result"}),
		polls: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "psp2rego_bundle_polls", Help: "Requests for the bundle that are being held or answered now.",
		}),
	}
	for _, answer := range []string{"snapshot", "delta", "unchanged", "refused", "gone"} {
		m.requests.WithLabelValues(answer)
	}
	for _, result := range []string{"published", "unchanged", "failed"} {
		m.translations.WithLabelValues(result)
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	m.registry.MustRegister(
		m.requests, m.translations, m.polls, revisionInfo{s},
		gauge("psp2rego_bundle_current", "1 if what is served is what the source says now, 0 if not.", func() float64 {
			if current, _, _, _ := s.state(); current == nil || s.behind() != nil {
				return 0
			}
			return 1
		}),
		gauge("psp2rego_bundle_published_timestamp_seconds", "When the revision that is served was published, 0 before the first.", func() float64 {
			if current, _, _, _ := s.state(); current != nil {
				return float64(current.published.Unix())
			}
			return 0
		}),
		gauge("psp2rego_bundle_size_bytes", "Size of the bundle's tarball.", func() float64 {
			if current, _, _, _ := s.state(); current != nil {
				return float64(len(current.snapshot))
			}
			return 0
		}),
		gauge("psp2rego_source_staleness_seconds", "For how long the source has not been heard of; 0 for files.", func() float64 {
			if s.options.Stale == nil {
				return 0
			}
			age, _ := s.options.Stale()
			return age.Round(time.Millisecond).Seconds()
		}),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 8})
}

// revisionInfo is a metric whose label is the revision that is served, and no other.
type revisionInfo struct{ server *Server }

var _ prometheus.Collector = revisionInfo{}

func (revisionInfo) desc() *prometheus.Desc {
	return prometheus.NewDesc("psp2rego_bundle_revision_info", "1, with the revision that is served.", []string{"revision"}, nil)
}

func (i revisionInfo) Describe(to chan<- *prometheus.Desc) { to <- i.desc() }

func (i revisionInfo) Collect(to chan<- prometheus.Metric) {
	if current, _, _, _ := i.server.state(); current != nil {
		to <- prometheus.MustNewConstMetric(i.desc(), prometheus.GaugeValue, 1, current.bundle.Revision)
	}
}
