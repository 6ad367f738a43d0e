// SPDX-License-Identifier: Apache-2.0

package clusters

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"

	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"psp2rego/verify/e2e/processes"
)

// Server is one API server of a cluster.
type Server struct {
	// Kubeconfig is a file by which its administrator, a member of system:masters, reaches it.
	Kubeconfig string
	// Process is the API server itself.
	Process *processes.Process

	url    string
	client *rest.RESTClient
}

// Plugins are what distinguishes the API servers of one cluster.
type Plugins struct {
	On, Off []string
}

// PSP turns the plugin on.
var PSP = Plugins{On: []string{"PodSecurityPolicy"}}

// NoWebhooks leaves out everything that judges pods on a current API server.
var NoWebhooks = Plugins{Off: []string{"MutatingAdmissionWebhook", "ValidatingAdmissionWebhook"}}

// NoAccounts leaves pods without a service account.
func (p Plugins) NoAccounts() Plugins {
	return Plugins{On: p.On, Off: append([]string{"ServiceAccount"}, p.Off...)}
}

// Server starts an API server of the cluster. Several share one state, as those of a cluster with several do.
func (c *Cluster) Server(ctx context.Context, plugins Plugins, further ...string) (*Server, error) {
	c.servers++
	name := fmt.Sprintf("%s-apiserver-%d", c.Name, c.servers)
	if err := c.Authority.Server(name); err != nil {
		return nil, err
	}
	s := &Server{Kubeconfig: filepath.Join(c.group.Dir, c.Name, name+".kubeconfig")}
	var err error
	s.Process, err = processes.Listening(ctx, 1, func(ports []int) (*processes.Process, func(context.Context) error, error) {
		p, err := c.group.Start(name, nil, c.program, append(c.flags(name, ports[0], plugins), further...)...)
		if err == nil {
			err = s.connect(c, ports[0])
		}
		return p, s.ready, err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (c *Cluster) flags(name string, port int, plugins Plugins) []string {
	flags := []string{
		"--etcd-servers=" + c.etcdURL,
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port),
		"--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
		"--tls-cert-file=" + c.Authority.File(name+".crt"), "--tls-private-key-file=" + c.Authority.File(name+".key"),
		"--client-ca-file=" + c.Authority.File("ca.crt"),
		"--service-account-issuer=https://127.0.0.1", "--service-account-key-file=" + c.Authority.File("accounts.pub"),
		"--service-account-signing-key-file=" + c.Authority.File("accounts.key"),
		"--service-cluster-ip-range=10.96.0.0/24", "--allow-privileged=true", "--authorization-mode=RBAC",
	}
	for _, plugin := range plugins.On {
		flags = append(flags, "--enable-admission-plugins="+plugin)
	}
	for _, plugin := range plugins.Off {
		flags = append(flags, "--disable-admission-plugins="+plugin)
	}
	return flags
}

// connect prepares to call the server as its administrator.
func (s *Server) connect(c *Cluster, port int) error {
	s.url = fmt.Sprintf("https://127.0.0.1:%d", port)
	config := c.kubeconfig(s, "admin")
	if err := clientcmd.WriteToFile(*config, s.Kubeconfig); err != nil {
		return err
	}
	access, err := clientcmd.NewDefaultClientConfig(*config, nil).ClientConfig()
	if err != nil {
		return err
	}
	access.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	access.QPS = -1
	access.WarningHandler = rest.NoWarnings{}
	s.client, err = rest.UnversionedRESTClientFor(access)
	return err
}

// KubeconfigFor makes a user, and a file by which that user reaches the server.
func (c *Cluster) KubeconfigFor(s *Server, user string) (string, error) {
	if err := c.Authority.Client(user); err != nil {
		return "", err
	}
	name := filepath.Join(c.group.Dir, c.Name, user+".kubeconfig")
	return name, clientcmd.WriteToFile(*c.kubeconfig(s, user), name)
}

func (c *Cluster) kubeconfig(s *Server, user string) *api.Config {
	config := api.NewConfig()
	config.Clusters[c.Name] = &api.Cluster{Server: s.url, CertificateAuthority: c.Authority.File("ca.crt")}
	config.AuthInfos[user] = &api.AuthInfo{
		ClientCertificate: c.Authority.File(user + ".crt"), ClientKey: c.Authority.File(user + ".key"),
	}
	config.Contexts[c.Name] = &api.Context{Cluster: c.Name, AuthInfo: user}
	config.CurrentContext = c.Name
	return config
}

func (s *Server) ready(ctx context.Context) error {
	return s.client.Get().AbsPath("/readyz").Do(ctx).Error()
}

// Answers says whether a URL is answered with 200.
func Answers(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}
