package gateway

import (
	"encoding/json"
	"strings"
)

// An event holds what every function gets of a request.
// Source: "Input format of a Lambda function for proxy integration", "Input to an API Gateway Lambda authorizer".
type event struct {
	Resource                        string              `json:"resource"`
	Path                            string              `json:"path"`
	HTTPMethod                      string              `json:"httpMethod"`
	Headers                         map[string]string   `json:"headers"`
	MultiValueHeaders               map[string][]string `json:"multiValueHeaders"`
	QueryStringParameters           map[string]string   `json:"queryStringParameters"`
	MultiValueQueryStringParameters map[string][]string `json:"multiValueQueryStringParameters"`
	PathParameters                  map[string]string   `json:"pathParameters"`
	StageVariables                  map[string]string   `json:"stageVariables"`
	RequestContext                  requestContext      `json:"requestContext"`
}

// A proxyEvent is the event of a proxy integration. Members without a value are null.
type proxyEvent struct {
	event

	Body            *string `json:"body"`
	IsBase64Encoded bool    `json:"isBase64Encoded"`
}

// An authorizerEvent is the event of a request authorizer. Members without a value are empty.
type authorizerEvent struct {
	Type      string `json:"type"`
	MethodARN string `json:"methodArn"`

	event
}

func (g *gateway) event(x *exchange) event {
	return event{
		Resource:                        x.route.Resource,
		Path:                            x.path,
		HTTPMethod:                      x.request.Method,
		Headers:                         last(x.headers),
		MultiValueHeaders:               x.headers,
		QueryStringParameters:           last(x.query),
		MultiValueQueryStringParameters: x.query,
		PathParameters:                  x.parameters,
		RequestContext:                  g.requestContext(x),
	}
}

func (g *gateway) proxyEvent(x *exchange) ([]byte, error) {
	e := proxyEvent{event: g.event(x)}
	if x.body != "" {
		e.Body = &x.body
	}
	if len(x.query) == 0 {
		e.QueryStringParameters, e.MultiValueQueryStringParameters = nil, nil
	}
	if len(x.parameters) == 0 {
		e.PathParameters = nil
	}
	if x.route.authorizer != nil {
		e.RequestContext.Authorizer = x.principal.authorizer(x.authorizer.latency)
	}
	return json.Marshal(e)
}

func (g *gateway) authorizerEvent(x *exchange) ([]byte, error) {
	e := authorizerEvent{Type: "REQUEST", MethodARN: g.methodARN(x), event: g.event(x)}
	e.StageVariables = map[string]string{}
	return json.Marshal(e)
}

// methodARN returns what an authorizer's policy must allow: the request's own path, not the resource's pattern.
func (g *gateway) methodARN(x *exchange) string {
	return g.arn + "/" + g.stage + "/" + x.request.Method + x.path
}

type requestContext struct {
	AccountID         string         `json:"accountId"`
	APIID             string         `json:"apiId"`
	Authorizer        map[string]any `json:"authorizer,omitempty"`
	DomainName        string         `json:"domainName"`
	DomainPrefix      string         `json:"domainPrefix"`
	ExtendedRequestID string         `json:"extendedRequestId"`
	HTTPMethod        string         `json:"httpMethod"`
	Identity          identity       `json:"identity"`
	Path              string         `json:"path"`
	Protocol          string         `json:"protocol"`
	RequestID         string         `json:"requestId"`
	RequestTime       string         `json:"requestTime"`
	RequestTimeEpoch  int64          `json:"requestTimeEpoch"`
	ResourceID        string         `json:"resourceId"`
	ResourcePath      string         `json:"resourcePath"`
	Stage             string         `json:"stage"`
}

// An identity is the caller, as far as the connection tells. Members of IAM and Cognito are always null.
type identity struct {
	AccessKey                     *string `json:"accessKey"`
	AccountID                     *string `json:"accountId"`
	Caller                        *string `json:"caller"`
	CognitoAuthenticationProvider *string `json:"cognitoAuthenticationProvider"`
	CognitoAuthenticationType     *string `json:"cognitoAuthenticationType"`
	CognitoIdentityID             *string `json:"cognitoIdentityId"`
	CognitoIdentityPoolID         *string `json:"cognitoIdentityPoolId"`
	PrincipalOrgID                *string `json:"principalOrgId"`
	SourceIP                      string  `json:"sourceIp"`
	User                          *string `json:"user"`
	UserAgent                     *string `json:"userAgent"`
	UserARN                       *string `json:"userArn"`
}

// clf is the time format of the common log format.
const clf = "02/Jan/2006:15:04:05 -0700"

func (g *gateway) requestContext(x *exchange) requestContext {
	prefix, _, _ := strings.Cut(x.request.Host, ".")
	c := requestContext{
		AccountID:         g.account,
		APIID:             g.apiID,
		DomainName:        x.request.Host,
		DomainPrefix:      prefix,
		ExtendedRequestID: x.extendedID,
		HTTPMethod:        x.request.Method,
		Identity:          identity{SourceIP: x.sourceIP},
		Path:              x.request.URL.EscapedPath(),
		Protocol:          x.request.Proto,
		RequestID:         x.id,
		RequestTime:       x.start.UTC().Format(clf),
		RequestTimeEpoch:  x.start.UnixMilli(),
		ResourceID:        x.route.ResourceID,
		ResourcePath:      x.route.Resource,
		Stage:             g.stage,
	}
	if agent := x.request.UserAgent(); agent != "" {
		c.Identity.UserAgent = &agent
	}
	return c
}
