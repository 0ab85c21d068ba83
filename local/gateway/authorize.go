package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"postern/internal/cfn"
)

// maxAuthorizerTime bounds an authorizer's invocation.
const maxAuthorizerTime = 29 * time.Second

// An authorizer is a request authorizer without a result cache.
type authorizer struct {
	function string // logical id
	sources  []parameter
}

func newAuthorizer(a cfn.Authorizer) (*authorizer, error) {
	made := &authorizer{function: a.Function}
	for _, source := range a.IdentitySources {
		p, err := parseParameter(source)
		if err == nil && p.location == "path" {
			err = fmt.Errorf("a path parameter is no identity source")
		}
		if err != nil {
			return nil, fmt.Errorf("identity source of %s: %w", a.LogicalID, err)
		}
		made.sources = append(made.sources, p)
	}
	return made, nil
}

// authorize asks the route's authorizer. Only an answer that is wholly understood and that allows the request's
// method lets it through.
func (g *gateway) authorize(x *exchange) *failure {
	if x.route.authorizer == nil {
		return nil
	}
	for _, source := range x.route.authorizer.sources {
		if source.missing(x) {
			return &failure{responseType: "UNAUTHORIZED", message: "Unauthorized"}
		}
	}
	verdict, f := g.askAuthorizer(x)
	if f != nil {
		return f
	}
	x.principal = verdict.principal
	switch verdict.policy.decide(g.methodARN(x)) {
	case allowed:
		return nil
	case denied:
		return &failure{responseType: "ACCESS_DENIED", message: "User is not authorized to access this resource with an explicit deny"}
	default:
		return &failure{responseType: "ACCESS_DENIED", message: "User is not authorized to access this resource"}
	}
}

func (g *gateway) askAuthorizer(x *exchange) (verdict, *failure) {
	broken := &failure{responseType: "AUTHORIZER_CONFIGURATION_ERROR"}
	event, err := g.authorizerEvent(x)
	if err != nil {
		g.report(x, "the authorizer was not asked", err)
		return verdict{}, broken
	}
	ctx, cancel := context.WithTimeout(x.request.Context(), maxAuthorizerTime)
	defer cancel()
	answer, err := g.call(ctx, x.route.authorizer.function, event, &x.authorizer)
	if reported := FunctionError(nil); errors.As(err, &reported) {
		// The word is the contract between an authorizer and API Gateway; nothing else is a refusal.
		if reported.ErrorMessage() == "Unauthorized" {
			return verdict{}, &failure{responseType: "UNAUTHORIZED", message: "Unauthorized"}
		}
		g.report(x, "the authorizer failed", errors.New(reported.ErrorType()))
		return verdict{}, &failure{responseType: "AUTHORIZER_FAILURE"}
	}
	if err != nil {
		g.report(x, "the authorizer could not be invoked", err)
		return verdict{}, broken
	}
	v, err := parseVerdict(answer)
	if err != nil {
		g.report(x, "the authorizer's answer is malformed", err)
		return verdict{}, broken
	}
	return v, nil
}
