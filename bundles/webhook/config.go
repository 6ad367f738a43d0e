// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"embed"
	"net/url"
	"strings"

	"sigs.k8s.io/yaml"
)

// policies are the modules that OPA runs beside the bundle: who may ask it what, and what its decision log leaves out.
//
//go:embed policies/authz.rego policies/mask.rego
var policies embed.FS

// Where the server finds what is mounted.
const (
	settingsFolder = "/config"
	tlsFolder      = "/tls"
	tokenFolder    = "/token"
	stateFolder    = "/state"

	configName, authzName, maskName, bundleCAName = "opa.yaml", "authz.rego", "mask.rego", "bundle-ca.crt"
)

// bundleName names the bundle, the service that has it and the key that signs it in OPA's configuration.
const bundleName = "psp"

// maxReview bounds a request. An API server takes objects of 3 MiB, and a review of an update has two of them.
const maxReview = 16 << 20

// The parts of OPA's configuration that are used.
type (
	opaConfig struct {
		Services     map[string]opaService `json:"services"`
		Bundles      map[string]opaBundle  `json:"bundles"`
		Keys         map[string]opaKey     `json:"keys,omitempty"`
		State        string                `json:"persistence_directory"`
		DecisionLogs opaDecisionLogs       `json:"decision_logs"`
		Server       opaServer             `json:"server"`
	}
	opaService struct {
		URL         string          `json:"url"`
		TLS         *opaTLS         `json:"tls,omitempty"`
		Credentials *opaCredentials `json:"credentials,omitempty"`
	}
	opaTLS struct {
		CACert string `json:"ca_cert"`
	}
	opaCredentials struct {
		Bearer struct {
			TokenPath string `json:"token_path"`
		} `json:"bearer"`
	}
	opaBundle struct {
		Service  string      `json:"service"`
		Resource string      `json:"resource"`
		Persist  bool        `json:"persist"`
		Polling  opaPolling  `json:"polling"`
		Signing  *opaSigning `json:"signing,omitempty"`
	}
	opaPolling struct {
		MinDelay int `json:"min_delay_seconds"`
		MaxDelay int `json:"max_delay_seconds"`
		Long     int `json:"long_polling_timeout_seconds"`
	}
	opaSigning struct {
		KeyID string `json:"keyid"`
		Scope string `json:"scope,omitempty"`
	}
	opaKey struct {
		Algorithm string `json:"algorithm"`
		Key       string `json:"key"`
	}
	opaDecisionLogs struct {
		Console bool   `json:"console"`
		Mask    string `json:"mask_decision"`
	}
	opaServer struct {
		Decoding struct {
			MaxLength int `json:"max_length"`
		} `json:"decoding"`
	}
)

// config is OPA's configuration. What was checked before is not looked at again.
func (o *Options) config() (*opaConfig, error) {
	u, err := url.Parse(o.BundleURL)
	if err != nil {
		return nil, err
	}
	service := opaService{URL: u.Scheme + "://" + u.Host}
	if o.BundleCA != nil {
		service.TLS = &opaTLS{CACert: settingsFolder + "/" + bundleCAName}
	}
	if o.BundleTokenSecret != "" {
		service.Credentials = &opaCredentials{}
		service.Credentials.Bearer.TokenPath = tokenFolder + "/token"
	}
	source := opaBundle{
		Service: bundleName, Resource: strings.TrimPrefix(u.RequestURI(), "/"), Persist: true,
		Polling: opaPolling{MinDelay: 5, MaxDelay: 10, Long: 30},
	}
	c := &opaConfig{State: stateFolder, DecisionLogs: opaDecisionLogs{Console: true, Mask: "/system/log/mask"}}
	c.Server.Decoding.MaxLength = maxReview
	if key := o.VerificationKey; key != nil {
		c.Keys = map[string]opaKey{bundleName: {Algorithm: key.Algorithm(), Key: key.PEM()}}
		source.Signing = &opaSigning{KeyID: bundleName, Scope: key.Scope}
	}
	c.Services = map[string]opaService{bundleName: service}
	c.Bundles = map[string]opaBundle{bundleName: source}
	return c, nil
}

// settings are the files that the server reads: its configuration, the modules beside the bundle and the authority that vouches for
// the bundle's server.
func (o *Options) settings() (map[string][]byte, error) {
	config, err := o.config()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	if files[configName], err = yaml.Marshal(config); err != nil {
		return nil, err
	}
	for _, name := range []string{authzName, maskName} {
		if files[name], err = policies.ReadFile("policies/" + name); err != nil {
			return nil, err
		}
	}
	if o.BundleCA != nil {
		files[bundleCAName] = o.BundleCA
	}
	return files, nil
}
