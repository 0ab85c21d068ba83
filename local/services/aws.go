package services

import (
	"bytes"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/truora/minidyn/server"

	"postern/internal/cfn"
	"postern/local/chaos"
	"postern/local/iam"
	"postern/local/queue"
)

// maxBody is the largest request, in bytes: DynamoDB's.
const maxBody = 16 << 20

// AWSConfig says what the other services hold.
type AWSConfig struct {
	// Data is the absolute path of the data folder. Secrets are below secrets, and the events of this run in events.jsonl,
	// one a line as EventBridge would deliver it; only their owner may read them.
	Data string
	// Tables are made at every start: they are in memory.
	Tables []cfn.Table
	// Secrets are generated once.
	Secrets []cfn.Secret
	// Region is the AWS region that requests must be signed for, and AccountID the account of all resources.
	Region, AccountID string
	// Issuer knows the credentials that may sign requests.
	Issuer *iam.Issuer
	// Policies say what the signer of a request may do.
	Policies *iam.Policies
	// Queues are served as they are: who made them also feeds the functions from them.
	Queues *queue.Queues
	// Random is where the secrets come from.
	Random io.Reader
	// Log gets a line for each event.
	Log io.Writer
	// Faults are what goes wrong on purpose. If nil, nothing does.
	Faults Faults
}

// An AWS serves DynamoDB, Secrets Manager, SQS and EventBridge at one address.
type AWS struct {
	// URL is the server's address, without a slash at its end.
	URL string

	server *http.Server
	bus    *bus
}

// StartAWS starts the server on a free loopback port, with its tables and secrets made.
func StartAWS(config AWSConfig) (*AWS, error) {
	secrets, err := openSecrets(config.Data, config.Secrets, config.Random)
	if err != nil {
		return nil, err
	}
	dynamodb := server.NewServer()
	if err := makeTables(dynamodb, config.Tables); err != nil {
		return nil, err
	}
	repeatable := &transactions{dynamodb: dynamodb, done: make(map[string]transaction)}
	bus, err := openBus(config.Data, arns{config.Region, config.AccountID}, config.Log)
	if err != nil {
		return nil, err
	}
	listener, err := Listen(0)
	if err != nil {
		return nil, err
	}
	a := &AWS{
		URL: "http://" + listener.Addr().String(),
		bus: bus,
		server: &http.Server{
			Handler:           newRouter(config, repeatable, secrets, bus),
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       30 * time.Second,
		},
	}
	go func() { _ = a.server.Serve(listener) }() // until Close
	return a, nil
}

// Close stops the server at once.
func (a *AWS) Close() {
	_ = a.server.Close()
	a.bus.close()
}

// A router is the entrance of the services of AWS's JSON protocol:
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
type router struct {
	signatures signatures
	policies   *iam.Policies
	services   map[string]service // by the first part of a target
	faults     Faults
}

// A service answers requests, and says what a request wants to do: the calls, and its body as it was understood.
type service struct {
	name    string // in ARNs and signatures: "dynamodb"
	faults  string // what comes before the name of a fault that is not the service's own
	calls   func(operation string, body object) ([]iam.Call, error)
	handler http.Handler
}

func newRouter(config AWSConfig, dynamodb http.Handler, secrets secrets, bus *bus) *router {
	sqs := sqs{config.Queues}
	arns := arns{config.Region, config.AccountID}
	return &router{
		signatures: signatures{config.Issuer, config.Region},
		policies:   config.Policies,
		faults:     faultsOr(config.Faults),
		services: map[string]service{
			"DynamoDB_20120810": {"dynamodb", "com.amazon.coral.service#", arns.dynamodbCalls, dynamodb},
			"secretsmanager": {"secretsmanager", "", func(operation string, body object) ([]iam.Call, error) {
				return arns.secretCalls(secrets, operation, body)
			}, secrets},
			"AmazonSQS": {"sqs", sqsFaults, sqs.calls, sqs},
			"AWSEvents": {"events", "", bus.calls, bus},
		},
	}
}

func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := &response{header: make(http.Header), status: http.StatusOK}
	target, operation := targetOf(r)
	service, ok := rt.services[target]
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	switch {
	case r.Method != http.MethodPost:
		fail(answer, http.StatusMethodNotAllowed, "UnknownOperationException", "")
	case !ok:
		fail(answer, http.StatusBadRequest, "UnknownOperationException", "")
	case err != nil:
		fail(answer, http.StatusRequestEntityTooLarge, service.faults+"RequestEntityTooLargeException", "")
	default:
		rt.serve(answer, r, service, operation, body)
	}
	answer.send(w)
}

// targetOf is the service and the operation that a request names.
func targetOf(r *http.Request) (service, operation string) {
	service, operation, _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return service, operation
}

// serve passes a request on whose signer may make it.
func (rt *router) serve(answer *response, r *http.Request, service service, operation string, body []byte) {
	principal, err := rt.signatures.verify(r, service.name, body, time.Now())
	if refusal, ok := errors.AsType[*signatureError](err); ok {
		fail(answer, http.StatusBadRequest, service.faults+refusal.code, refusal.message)
		return
	}
	input, err := readObject(body)
	var calls []iam.Call
	if err == nil {
		calls, err = service.calls(operation, input)
	}
	if err != nil {
		fail(answer, http.StatusBadRequest, service.faults+"SerializationException", err.Error())
		return
	}
	if err := rt.policies.Check(principal, calls...); err != nil {
		fail(answer, http.StatusBadRequest, service.faults+"AccessDeniedException", err.Error())
		return
	}
	call := chaos.Call{
		Role: principal, Service: service.name, Transaction: operation == "TransactWriteItems", Final: isFinal(r.Header.Get(attemptHeader)),
	}
	if principal == iam.Operator {
		service.pass(answer, r, input)
		return
	}
	if fault := rt.faults.Before(call); fault != chaos.None {
		faultAnswer(answer, fault, input)
		return
	}
	service.pass(answer, r, input)
	if answer.status != http.StatusOK {
		return
	}
	if fault := rt.faults.After(call); fault != chaos.None {
		answer.body.Reset()
		faultAnswer(answer, fault, input)
	}
}

// pass has a request answered. What was checked is what is passed on: another reader may see another one of two equal
// members.
func (s service) pass(answer http.ResponseWriter, r *http.Request, input object) {
	understood, err := json.Marshal(input)
	if err != nil {
		fail(answer, http.StatusBadRequest, s.faults+"SerializationException", "")
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(understood))
	s.handler.ServeHTTP(answer, r)
}

// fail answers an error as AWS's JSON protocol does.
func fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
}

// A response holds an answer back until its checksum is known.
type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *response) Header() http.Header         { return r.header }
func (r *response) WriteHeader(status int)      { r.status = status }
func (r *response) Write(p []byte) (int, error) { return r.body.Write(p) }

func (r *response) send(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	// DynamoDB's clients warn about an answer without it.
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(r.body.Bytes())), 10))
	w.Header().Set("Content-Length", strconv.Itoa(r.body.Len()))
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes())
}
