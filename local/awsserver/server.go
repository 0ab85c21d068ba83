// Package awsserver holds what the AWS services of this machine share: a loopback address, the check of signatures and
// permissions, AWS's JSON protocol, and the faults that are made on purpose.
package awsserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"postern/local/chaos"
	"postern/local/iam"
)

// maxBody is the maximum size of a request in bytes: that of DynamoDB.
const maxBody = 16 << 20

// Config says what a server serves, and to whom.
type Config struct {
	// Region is the AWS region that requests must be signed for.
	Region string
	// Issuer knows the credentials that may sign requests.
	Issuer *iam.Issuer
	// Policies say what the signer of a request may do.
	Policies *iam.Policies
	// Services are served at the same address.
	Services []Service
	// Faults decide which calls fail on purpose. If nil, none does.
	Faults Faults
}

// A Service answers the requests of one AWS service.
type Service struct {
	// Name is the service's name in ARNs and signatures: "dynamodb".
	Name string
	// Target is the part of the header X-Amz-Target before the dot: "DynamoDB_20120810".
	Target string
	// ErrorPrefix comes before the code of an error that is not the service's own: "com.amazon.coral.service#".
	ErrorPrefix string
	// Calls returns what a request wants to do. Its signer must be permitted all of it.
	Calls func(operation string, body Object) ([]iam.Call, error)
	// Handler answers the request. It gets the body that Calls has seen.
	Handler http.Handler
	// Fault answers a call that fails on purpose. If nil, it is an internal server error.
	Fault func(w http.ResponseWriter, fault chaos.Fault, body Object)
}

// A Server serves AWS services by the JSON protocol.
type Server struct {
	// URL is the server's address, without a slash at its end.
	URL string

	http *http.Server
}

// Start starts a server on a free loopback port.
func Start(config Config) (*Server, error) {
	listener, err := Listen(Loopback, 0)
	if err != nil {
		return nil, err
	}
	rt := &router{signatures: signatures{config.Issuer, config.Region}, policies: config.Policies, faults: OrNone(config.Faults), services: map[string]Service{}}
	for _, service := range config.Services {
		rt.services[service.Target] = service
	}
	s := &Server{
		URL:  "http://" + listener.Addr().String(),
		http: &http.Server{Handler: rt, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second},
	}
	go func() { _ = s.http.Serve(listener) }() // until Close
	return s, nil
}

// Close stops the server at once.
func (s *Server) Close() { _ = s.http.Close() }

// ErrPortInUse is returned when another program listens on the wanted port.
var ErrPortInUse = errors.New("port is in use")

// Loopback is the address of this machine for itself.
const Loopback = "127.0.0.1"

// LoopbackNames are the hosts of requests from this machine.
var LoopbackNames = []string{Loopback, "localhost", "::1"}

// IsNamed reports whether a request's header Host, with or without a port, is one of the names. A browser sends another one if
// a page of the web has given its own name the address of this machine.
func IsNamed(host string, names []string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, host) })
}

// Listen listens on a port of an address of this machine, or on a free one if port is zero. It returns ErrPortInUse.
func Listen(host string, port int) (net.Listener, error) {
	address := net.JoinHostPort(host, strconv.Itoa(port))
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		err = ErrPortInUse
	}
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	return listener, nil
}

// ListenAll listens on the same port of several addresses, one that is free at the first if port is zero. It returns
// ErrPortInUse.
func ListenAll(hosts []string, port int) (listeners []net.Listener, err error) {
	for _, host := range hosts {
		listener, err := Listen(host, port)
		if err != nil {
			for _, l := range listeners {
				_ = l.Close()
			}
			return nil, err
		}
		listeners, port = append(listeners, listener), Port(listener)
	}
	return listeners, nil
}

// Port returns the port of a listener.
func Port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// A router finds the service of a request and checks the request first.
type router struct {
	signatures signatures
	policies   *iam.Policies
	services   map[string]Service // by target
	faults     Faults
}

func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := NewResponse()
	if !IsNamed(r.Host, LoopbackNames) {
		Fail(answer, http.StatusForbidden, "AccessDeniedException", "")
		answer.Send(w)
		return
	}
	target, operation := Target(r)
	service, ok := rt.services[target]
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	switch {
	case r.Method != http.MethodPost:
		Fail(answer, http.StatusMethodNotAllowed, "UnknownOperationException", "")
	case !ok:
		Fail(answer, http.StatusBadRequest, "UnknownOperationException", "")
	case err != nil:
		Fail(answer, http.StatusRequestEntityTooLarge, service.ErrorPrefix+"RequestEntityTooLargeException", "")
	default:
		rt.serve(answer, r, service, operation, body)
	}
	answer.Send(w)
}

// serve checks a request and has its service answer it.
func (rt *router) serve(answer *Response, r *http.Request, service Service, operation string, body []byte) {
	refuse := func(code, message string) { Fail(answer, http.StatusBadRequest, service.ErrorPrefix+code, message) }
	principal, err := rt.signatures.verify(r, service.Name, body, time.Now())
	if refusal, ok := errors.AsType[*Error](err); ok {
		refuse(refusal.Code, refusal.Message)
		return
	}
	input, err := ReadObject(body)
	var calls []iam.Call
	if err == nil {
		calls, err = service.Calls(operation, input)
	}
	if err != nil {
		refuse("SerializationException", err.Error())
		return
	}
	if err := rt.policies.Check(principal, calls...); err != nil {
		refuse("AccessDeniedException", err.Error())
		return
	}
	// The service gets what was checked: another reader may take the other of two equal members.
	checked, err := json.Marshal(input)
	if err != nil {
		refuse("SerializationException", "")
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(checked))
	if principal == iam.Operator {
		service.Handler.ServeHTTP(answer, r)
		return
	}
	call := chaos.Call{
		Role: principal, Service: service.Name, Transaction: operation == "TransactWriteItems", Final: IsFinal(r.Header.Get(AttemptHeader)),
	}
	if fault := rt.faults.Before(call); fault != chaos.None {
		service.fault(answer, fault, input)
		return
	}
	service.Handler.ServeHTTP(answer, r)
	if answer.Status != http.StatusOK {
		return
	}
	if fault := rt.faults.After(call); fault != chaos.None {
		answer.Body.Reset()
		service.fault(answer, fault, input)
	}
}

func (s Service) fault(answer *Response, fault chaos.Fault, body Object) {
	if s.Fault == nil {
		Fail(answer, http.StatusInternalServerError, "InternalServerError", "Internal server error")
		return
	}
	s.Fault(answer, fault, body)
}
