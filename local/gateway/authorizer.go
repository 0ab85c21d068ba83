package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"postern/internal/cfn"
)

// maxAuthorizerTime is the timeout of an authorizer's invocation.
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
			err = fmt.Errorf("a path parameter is not an identity source")
		}
		if err != nil {
			return nil, fmt.Errorf("identity source of %s: %w", a.LogicalID, err)
		}
		made.sources = append(made.sources, p)
	}
	return made, nil
}

// authorize asks the route's authorizer. The request passes only if the whole answer is understood and allows its method.
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
		// This word is the contract between an authorizer and API Gateway. Nothing else is a refusal.
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

// A verdict is an authorizer's answer. Source: "Output from an API Gateway Lambda authorizer".
type verdict struct {
	principal principal
	policy    policy
}

func parseVerdict(answer []byte) (verdict, error) {
	var a struct {
		PrincipalID        *string        `json:"principalId"`
		PolicyDocument     *policy        `json:"policyDocument"`
		Context            map[string]any `json:"context"`
		UsageIdentifierKey string         `json:"usageIdentifierKey"`
	}
	if err := decodeStrictly(answer, &a); err != nil {
		return verdict{}, err
	}
	if a.PrincipalID == nil || *a.PrincipalID == "" {
		return verdict{}, errors.New("principalId is missing")
	}
	if a.PolicyDocument == nil {
		return verdict{}, errors.New("policyDocument is missing")
	}
	if err := a.PolicyDocument.check(); err != nil {
		return verdict{}, err
	}
	context, err := stringify(a.Context)
	if err != nil {
		return verdict{}, err
	}
	return verdict{principal{*a.PrincipalID, context}, *a.PolicyDocument}, nil
}

// A principal is the caller, as an authorizer names it.
type principal struct {
	id      string
	context map[string]string
}

// authorizer returns the principal as requestContext.authorizer has it.
func (p principal) authorizer(latency time.Duration) map[string]any {
	members := make(map[string]any, len(p.context)+2)
	for name, value := range p.context {
		members[name] = value
	}
	members["principalId"] = p.id
	members["integrationLatency"] = latency.Milliseconds()
	return members
}

// stringify turns the members of an authorizer's context into strings, as API Gateway passes them on. Objects and lists are
// not allowed.
func stringify(context map[string]any) (map[string]string, error) {
	values := make(map[string]string, len(context))
	for name, value := range context {
		switch value.(type) {
		case string, json.Number, bool:
			values[name] = fmt.Sprint(value)
		default:
			return nil, fmt.Errorf("context member %q is not a string, number or boolean", name)
		}
	}
	return values, nil
}
