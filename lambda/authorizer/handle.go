package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"postern/internal/apigw"
	"postern/internal/identity"
)

// unauthorized is what the invocation fails with when the caller is not who it says it is. API Gateway makes a 401 of
// exactly this text, and a 500 of any other.
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
type unauthorized struct{}

func (unauthorized) Error() string { return "Unauthorized" }

var (
	errUnauthorized = unauthorized{}
	errInternal     = errors.New("internal error")
)

// margin is how long before Lambda would kill the function it gives up, so that a fault is answered and logged.
const margin = 500 * time.Millisecond

// An authorizer answers API Gateway's REQUEST authorizer events. It is safe for concurrent use.
type authorizer struct {
	users     users
	ownerKeys ownerKeys
	// verify reports whether password is the one of hash; it costs a derivation.
	verify func(hash, password string) (bool, error)
	// verified are the users whose credentials an Authorization header holds, so that a second request needs no
	// derivation. It holds no refusal and no password.
	verified *cache[identity.User]

	usages usages
	used   *cache[int64] // what usages said, by owner

	defaultMaxSize, defaultQuota int64 // bytes, of a user whose row sets none

	log *slog.Logger
}

type (
	request  = events.APIGatewayCustomAuthorizerRequestTypeRequest
	response = events.APIGatewayCustomAuthorizerResponse
)

// handle decides on a request and fails closed: a fault, a panic or a decision that comes too late allows nothing. It
// fails with errUnauthorized or errInternal alone; what lies behind the latter is logged.
func (a *authorizer) handle(ctx context.Context, event request) (answer response, err error) {
	defer func() {
		if value := recover(); value != nil {
			answer, err = response{}, a.fault(ctx, event, apigw.PanicError(value))
		}
	}()
	inTime, cancel := apigw.WithMargin(ctx, margin)
	defer cancel()
	answer, err = a.decide(inTime, event)
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
