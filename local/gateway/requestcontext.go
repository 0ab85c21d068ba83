package gateway

import "strings"

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

// identity is who called, as far as the connection tells. What belongs to IAM and Cognito is always null.
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
