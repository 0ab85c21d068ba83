// Package function starts a Lambda function: it reads the environment, has the function made of it and serves its
// invocations. It has what every function needs besides: a signer, a margin before the deadline, a guard against
// panics and a clock.
//
// It imports no client of a service, so that a function that only signs links none: package awsclient makes those.
package function

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"postern/internal/contract"
	"postern/internal/sign"
)

// A Setup is what a function is made of. E is its environment struct, such as contract.PresignEnv.
type Setup[E any] struct {
	Env     E
	Runtime Runtime
	Log     *slog.Logger
}

// A Runtime says where a function runs, with which credentials, and where it finds services.
type Runtime struct {
	contract.RuntimeEnv
	// Endpoints are the addresses of services. Default: AWS's own in the region.
	Endpoints map[Service]string
}

// A Service is an AWS service by its name in the SDK's variable AWS_ENDPOINT_URL_<name>.
// See https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html
type Service string

// The services that functions call or sign for.
const (
	DynamoDB       Service = "DYNAMODB"
	EventBridge    Service = "EVENTBRIDGE"
	S3             Service = "S3"
	SecretsManager Service = "SECRETS_MANAGER"
	SQS            Service = "SQS"
)

// Start makes the function of the process's environment and serves its invocations. It does not return. If the function
// cannot be made, it logs why and ends the process.
func Start[E any](build func(Setup[E]) (lambda.Handler, error)) {
	log := lambdacontext.NewLogger()
	handler, err := start(os.LookupEnv, log, build)
	if err != nil {
		log.Error("starting the function", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(handler)
}

func start[E any](lookup func(string) (string, bool), log *slog.Logger, build func(Setup[E]) (lambda.Handler, error)) (lambda.Handler, error) {
	setup, err := Read[E](lookup, log)
	if err != nil {
		return nil, err
	}
	return build(setup)
}

// Read reads a function's setup from variables, as os.LookupEnv gives them. Its errors are those of contract.FromEnv.
func Read[E any](lookup func(string) (string, bool), log *slog.Logger) (Setup[E], error) {
	env, err := contract.FromEnv[E](lookup)
	if err != nil {
		return Setup[E]{}, err
	}
	runtime, err := contract.FromEnv[contract.RuntimeEnv](lookup)
	if err != nil {
		return Setup[E]{}, err
	}
	endpoints := map[Service]string{}
	for _, service := range []Service{DynamoDB, EventBridge, S3, SecretsManager, SQS} {
		endpoints[service], _ = lookup("AWS_ENDPOINT_URL_" + string(service))
	}
	return Setup[E]{Env: env, Runtime: Runtime{runtime, endpoints}, Log: log}, nil
}

// BucketOrigin returns the origin of the URLs that Signer signs: scheme, host and port.
func (r Runtime) BucketOrigin(bucket string) (string, error) {
	return sign.Config{Region: r.Region, Bucket: bucket, Endpoint: r.Endpoints[S3]}.Origin()
}

// Signer returns a signer with the credentials of the function's role. It makes no request.
func (r Runtime) Signer(bucket string) (*sign.Signer, error) {
	signer, err := sign.New(sign.Config{
		Region:   r.Region,
		Bucket:   bucket,
		Endpoint: r.Endpoints[S3],
		Credentials: sign.Credentials{
			AccessKeyID:     r.AccessKeyID,
			SecretAccessKey: r.SecretAccessKey,
			SessionToken:    r.SessionToken,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("making a signer: %w", err)
	}
	return signer, nil
}
