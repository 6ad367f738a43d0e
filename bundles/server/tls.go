// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Certificates are the files that TLS needs.
type Certificates struct {
	// Certificate and Key are the server's own, in PEM.
	Certificate, Key string
	// ClientCA are the authorities whose client certificates are accepted, in PEM; "" if none are asked for.
	ClientCA string
}

// Config reads the files and makes a TLS configuration of them. They are read again for each connection, so that renewed
// certificates count without a restart; while they make no sense, the last good ones stay, and log is told.
func (c Certificates) Config(log *slog.Logger) (*tls.Config, error) {
	good, err := c.load()
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			mu.Lock()
			defer mu.Unlock()
			next, err := c.load()
			if err != nil {
				log.Error("TLS goes on with the certificates from before", "error", err)
				return good, nil
			}
			good = next
			return good, nil
		},
	}, nil
}

func (c Certificates) load() (*tls.Config, error) {
	if c.Certificate == "" || c.Key == "" {
		return nil, errors.New("TLS needs both a certificate and its key")
	}
	pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", c.Certificate, c.Key, err)
	}
	now := time.Now()
	switch leaf := pair.Leaf; {
	case now.After(leaf.NotAfter):
		return nil, fmt.Errorf("certificate %s: expired on %s", c.Certificate, leaf.NotAfter.Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return nil, fmt.Errorf("certificate %s: not valid before %s", c.Certificate, leaf.NotBefore.Format(time.RFC3339))
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}}
	if c.ClientCA == "" {
		return config, nil
	}
	text, err := os.ReadFile(c.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("authorities for client certificates: %w", err)
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("authorities for client certificates: %s holds no certificate in PEM", c.ClientCA)
	}
	// Probes have no certificate. Requests for the bundle are refused without one.
	config.ClientAuth = tls.VerifyClientCertIfGiven
	return config, nil
}
