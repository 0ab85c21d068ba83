// Authorizer says on whose behalf a request acts, or refuses it. It is API Gateway's REQUEST authorizer of every route
// that is not public: it reads HTTP's Basic credentials and the query parameter mail, and nothing else of a request.
//
// It needs dynamodb:GetItem on the users table and on the uploads table, of which it reads each owner's usage, and
// secretsmanager:GetSecretValue on the owner key's secret.
package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/identity"
	"postern/internal/records"
	"postern/internal/transport"
)

func main() {
	log := lambdacontext.NewLogger()
	authorizer, err := wire(os.LookupEnv, rand.Reader, log)
	if err != nil {
		log.Error("starting the authorizer", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(authorizer.handle)
}

// wire makes the function of its environment. It makes no request.
func wire(lookup func(string) (string, bool), random io.Reader, log *slog.Logger) (*authorizer, error) {
	environment, err := contract.FromEnv[contract.AuthorizerEnv](lookup)
	if err != nil {
		return nil, err
	}
	runtime, err := contract.FromEnv[contract.RuntimeEnv](lookup)
	if err != nil {
		return nil, err
	}
	verified, err := newCache[identity.User](random, apigw.WallClock)
	if err != nil {
		return nil, fmt.Errorf("making the cache of users: %w", err)
	}
	used, err := newCache[int64](random, apigw.WallClock)
	if err != nil {
		return nil, fmt.Errorf("making the cache of usages: %w", err)
	}
	dynamodb, _ := lookup("AWS_ENDPOINT_URL_DYNAMODB")
	secretsManager, _ := lookup("AWS_ENDPOINT_URL_SECRETS_MANAGER")
	provider := transport.Credentials(runtime)
	tables := records.Config{Region: runtime.Region, Endpoint: dynamodb, Credentials: provider}
	return &authorizer{
		users:          records.NewUsers(tables, environment.UsersTable),
		ownerKeys:      newSecret(runtime.Region, secretsManager, provider, environment.OwnerKeySecret),
		verify:         identity.VerifyPassword,
		verified:       verified,
		usages:         records.NewUploads(tables, environment.UploadsTable),
		used:           used,
		defaultMaxSize: environment.DefaultMaxSize,
		defaultQuota:   environment.DefaultQuota,
		log:            log,
	}, nil
}
