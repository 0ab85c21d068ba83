package main

import (
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"postern/internal/apigw"
)

// isOneRequest reports whether a policy about an ARN is about its request alone. The ARN ends with the path that the
// client sent, in which these characters would make it mean other requests.
func isOneRequest(methodARN string) bool { return !strings.ContainsAny(methodARN, "*?$") }

// allow lets the one request pass, as the identity. The principal is the caller's owner, which API Gateway may log.
func allow(principal, methodARN string, identity apigw.Identity) response {
	answer := policy("Allow", principal, methodARN)
	answer.Context = identity.Context()
	return answer
}

// deny refuses the request.
func deny(principal, methodARN string) response {
	return policy("Deny", principal, methodARN)
}

// policy is the answer of an authorizer with one statement about one request.
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
func policy(effect, principal, methodARN string) response {
	return response{
		PrincipalID: principal,
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
			Version: "2012-10-17",
			Statement: []events.IAMPolicyStatement{{
				Action:   []string{"execute-api:Invoke"},
				Effect:   effect,
				Resource: []string{methodARN},
			}},
		},
	}
}
