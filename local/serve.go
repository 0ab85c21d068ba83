package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"postern/internal/cfn"
	"postern/local/awsserver"
	"postern/local/console"
	"postern/local/deployment"
	"postern/local/folder"
	"postern/local/gateway"
	"postern/local/host"
	"postern/local/issuer"
)

const stackName = "Postern-local"

// Bounds of the API's HTTP server.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 90 * time.Second // authorizer and integration may take 29 s each
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10 // bytes; API Gateway's own bound is 10,240
	stopTimeout   = 2 * time.Second
)

const stagesInterval = 2 * time.Second // between looks at cdk.json

// outlets are the local run's ways to the outside.
type outlets struct {
	host     host.Host
	requests *console.Requests // nil: the template's access log is written
	log      io.Writer
}

// serve serves the assembly until ctx is done. When it returns, nothing that it started is left.
func serve(ctx context.Context, s settings, stdout, stderr io.Writer) error {
	stack, err := load(s.assembly)
	if err != nil {
		return err
	}
	unlock, err := folder.Lock(s.data)
	if err != nil {
		return err
	}
	defer unlock()
	o := outlets{requests: console.NewRequests(s.log, stderr), log: stderr}
	if o.host, err = host.Find(ctx, s.host); err != nil {
		return err
	}
	// The API's port comes first: if it is in use, nothing starts.
	listeners, err := awsserver.ListenAll(o.host.Addresses, s.port)
	if err != nil {
		return portError("PORT", s.port, err)
	}
	defer func() { closeAll(listeners) }()
	return serveAt(ctx, listeners, s, stack, o, stdout)
}

// serveAt serves the stack, with its API at the listeners.
func serveAt(ctx context.Context, listeners []net.Listener, s settings, stack *cfn.Stack, o outlets, stdout io.Writer) (err error) {
	port, path := awsserver.Port(listeners[0]), "/"+stack.API.Stage+"/"
	url := o.host.URL(port) + path
	tokens, variables, err := issuer.New(stack, port, rand.Reader, time.Now)
	if err != nil {
		return err
	}
	d, err := deploy(ctx, s, stack, o, url, variables)
	if err != nil {
		return portError("S3_PORT", s.s3Port, err)
	}
	defer func() {
		d.Close()
		if d.Chaos != nil {
			_, _ = fmt.Fprintf(o.log, "chaos: %v\n", d.Chaos)
		}
		err = errors.Join(err, folder.WriteGrants(s.data, d.Policies))
	}()
	// This machine's tools send passwords, and may do so without TLS at 127.0.0.1 only.
	here := folder.Addresses{API: fmt.Sprintf("http://%s:%d%s", awsserver.Loopback, port, path), S3: d.S3.URL, AWS: d.AWS.URL}
	forget, err := folder.WriteOperator(s.data, d.Operator, stack, here)
	if err != nil {
		return err
	}
	defer forget()
	handler, err := newHandler(stack, d, tokens, o)
	if err != nil {
		return err
	}
	return serveAPI(ctx, newServer(handler), listeners, d.S3.Done, func() {
		console.Banner(o.log, d, url, s.data, s.usual)
		tokens.Banner(o.log)
		o.requests.Begin()
		if !s.watched {
			go console.WatchStages(ctx, s.stages, s.assembly, stagesInterval, o.log)
		}
		_, _ = fmt.Fprintf(stdout, "ready: %s\n", url)
	})
}

// deploy puts the stack into operation, whose API is at url.
func deploy(ctx context.Context, s settings, stack *cfn.Stack, o outlets, url string, variables issuer.Variables) (*deployment.Deployment, error) {
	c := deployment.Config{
		Stack: stack, Data: s.data, Host: o.host, S3Port: s.s3Port, S3Page: console.Page(url), Chaos: s.chaos, Seed: s.seed, Log: o.log,
		Variables: variables,
	}
	if o.requests != nil {
		c.S3Log = o.requests.S3
	}
	return deployment.Start(ctx, c)
}

// newHandler returns the API's handler, with a person's log of requests or, if requests is nil, the template's access log.
func newHandler(stack *cfn.Stack, d *deployment.Deployment, tokens *issuer.Issuer, o outlets) (http.Handler, error) {
	options := gateway.Options{ErrorLog: slog.New(slog.NewTextHandler(o.log, nil))}
	if o.requests == nil {
		options.AccessLog = o.log
	}
	handler, err := gateway.New(stack.API, d.Functions, options)
	if err != nil {
		return nil, err
	}
	handler = o.host.Check(tokens.Handler(console.WithRedirect(stack.API.Stage, handler)))
	if o.requests != nil {
		handler = o.requests.API(handler)
	}
	return handler, nil
}

// serveAPI serves until ctx is done or a server fails. It calls ready when the API answers.
func serveAPI(ctx context.Context, api *http.Server, listeners []net.Listener, s3 <-chan error, ready func()) error {
	served := make(chan error, len(listeners))
	for _, listener := range listeners {
		go func() { served <- api.Serve(listener) }()
	}
	defer stop(api)
	ready()
	select {
	case <-ctx.Done():
		return nil
	case err := <-served:
		return fmt.Errorf("serving the API: %w", err)
	case err := <-s3:
		return fmt.Errorf("serving S3: %w", err)
	}
}

func closeAll(listeners []net.Listener) {
	for _, listener := range listeners {
		_ = listener.Close()
	}
}

func load(assembly string) (*cfn.Stack, error) {
	stack, err := cfn.Load(assembly)
	if err != nil {
		return nil, err
	}
	if stack.Name != stackName {
		return nil, fmt.Errorf("%s holds the stack %s: only %s, of stage local, is served on this machine", assembly, stack.Name, stackName)
	}
	return stack, nil
}

func newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
	}
}

// stop lets requests end within stopTimeout and interrupts the others.
func stop(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
}

// portError names the variable that sets another port, if the port is in use.
func portError(variable string, port int, err error) error {
	if errors.Is(err, awsserver.ErrPortInUse) {
		return fmt.Errorf("port %d is in use: set %s to another one, or to 0 for a free one", port, variable)
	}
	return err
}
