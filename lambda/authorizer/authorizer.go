package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"postern/internal/awsclient"
	"postern/internal/contract"
	"postern/internal/function"
	"postern/internal/identity"
	"postern/internal/records"
	"postern/internal/secret"
	"postern/internal/upload"
)

// unauthorized is the invocation's error when the caller is not who it says it is. API Gateway makes a 401 of exactly
// this text, and a 503 of any other.
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
type unauthorized struct{}

func (unauthorized) Error() string { return "Unauthorized" }

var (
	errUnauthorized = unauthorized{}
	errInternal     = errors.New("internal error")
)

// margin is how long before its deadline the function gives up, so that a fault is answered and logged.
const margin = 500 * time.Millisecond

// An authorizer answers API Gateway's REQUEST authorizer events. It is safe for concurrent use.
type authorizer struct {
	users     users
	keys      scriptKeys
	ownerKeys ownerKeys
	now       func() time.Time // of a wall clock

	basic  bool    // whether the Basic scheme is accepted
	bearer *bearer // nil: no token is accepted
	// verify reports whether a password is that of hash, and whether it is that of old, which may be empty. It costs one
	// derivation.
	verify      func(hash, old, password string) (is, isOld bool, err error)
	derivations chan struct{} // holds an entry for each that runs

	// verified has the user of a credential that was verified, so that a second request needs no derivation. refused has the
	// credentials that were not, blocked the guessers that have tried too many. None holds a password.
	verified *cache[identity.User]
	refused  *cache[struct{}]
	blocked  *cache[struct{}]

	// linkStates and guests are for links for guests: guests has who holds a link that was verified, by its token.
	linkStates linkStates
	guests     *cache[guest]

	removals removals

	usages usages
	used   *cache[upload.Account] // by owner

	defaultMaxSize, defaultQuota int64 // bytes, of a user whose row sets none
	defaultFileQuota             int64 // files, of a user whose row sets none

	log *slog.Logger
}

// newAuthorizer makes the function. It makes no request. random is for the keys of its caches.
func newAuthorizer(setup function.Setup[contract.AuthorizerEnv], random io.Reader) (*authorizer, error) {
	verified, verifiedErr := newCache[identity.User](random, function.WallClock, cacheLifetime)
	refused, refusedErr := newCache[struct{}](random, function.WallClock, refusalLifetime)
	blocked, blockedErr := newCache[struct{}](random, function.WallClock, refusalLifetime)
	guests, guestsErr := newCache[guest](random, function.WallClock, cacheLifetime)
	used, usedErr := newCache[upload.Account](random, function.WallClock, cacheLifetime)
	if err := errors.Join(verifiedErr, refusedErr, blockedErr, guestsErr, usedErr); err != nil {
		return nil, fmt.Errorf("making a cache: %w", err)
	}
	bearer, err := newBearer(setup.Env.Issuers, random)
	if err != nil {
		return nil, fmt.Errorf("making a cache: %w", err)
	}
	tables := dynamodb.NewFromConfig(awsclient.Config(setup.Runtime, function.DynamoDB))
	uploads, users := records.NewUploads(tables, setup.Env.UploadsTable), records.NewUsers(tables, setup.Env.UsersTable)
	return &authorizer{
		users:          users,
		keys:           users,
		ownerKeys:      secret.New(awsclient.Config(setup.Runtime, function.SecretsManager), setup.Env.OwnerKeySecret),
		now:            function.WallClock,
		basic:          setup.Env.Basic,
		bearer:         bearer,
		verify:         identity.VerifyEither,
		derivations:    make(chan struct{}, maxDerivations),
		verified:       verified,
		refused:        refused,
		blocked:        blocked,
		linkStates:     uploads,
		guests:         guests,
		removals:       uploads,
		usages:         uploads,
		used:           used,
		defaultMaxSize: setup.Env.DefaultMaxSize,
		defaultQuota:   setup.Env.DefaultQuota,

		defaultFileQuota: setup.Env.DefaultFileQuota,

		log: setup.Log,
	}, nil
}

type (
	request  = events.APIGatewayCustomAuthorizerRequestTypeRequest
	response = events.APIGatewayCustomAuthorizerResponse
)

// handle decides on a request and fails closed: a fault, a panic or a decision that comes too late allows nothing. It
// fails with errUnauthorized or errInternal alone; what lies behind the latter is logged.
func (a *authorizer) handle(ctx context.Context, event request) (answer response, err error) {
	inTime, cancel := function.WithMargin(ctx, margin)
	defer cancel()
	err = function.Guard(func() (err error) {
		answer, err = a.decide(inTime, event)
		return err
	})
	switch {
	case errors.Is(err, errUnauthorized):
		return response{}, errUnauthorized
	case err != nil:
		return response{}, a.fault(ctx, event, err)
	case inTime.Err() != nil:
		return response{}, a.fault(ctx, event, fmt.Errorf("deciding in time: %w", inTime.Err()))
	}
	return answer, nil
}

func (a *authorizer) fault(ctx context.Context, event request, err error) error {
	a.log.ErrorContext(ctx, "authorization failed", "route", event.HTTPMethod+" "+event.Resource,
		"apiRequestId", event.RequestContext.RequestID, "error", err.Error())
	return errInternal
}
