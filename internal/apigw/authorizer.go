package apigw

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/tidwall/gjson"
)

// An Authorizer answers the event of a REQUEST authorizer with a policy. Its error is the invocation's own: API Gateway makes a 401 of
// the text Unauthorized, and a 500 of any other.
// See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
type Authorizer func(context.Context, events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error)

// Invoke answers an event from JSON to JSON, and makes an Authorizer a lambda.Handler. As Gateway's, it reads no more than is used:
// of the headers only Authorization. It fails for what is not such an event.
func (a Authorizer) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	event, err := decodeAuthorizerEvent(payload)
	if err != nil {
		return nil, err
	}
	answer, err := a(ctx, event)
	if err != nil {
		return nil, err
	}
	return encodePolicy(answer)
}

// decodeAuthorizerEvent reads what is used of an event, as decodeEvent does.
func decodeAuthorizerEvent(payload []byte) (event events.APIGatewayCustomAuthorizerRequestTypeRequest, err error) {
	d, err := newDecoder(payload)
	if err != nil {
		return event, err
	}
	d.object(gjson.ParseBytes(payload), func(name string, value gjson.Result) {
		switch name {
		case "methodArn":
			d.once(name)
			event.MethodArn = d.text(value)
		case "resource":
			d.once(name)
			event.Resource = d.text(value)
		case "httpMethod":
			d.once(name)
			event.HTTPMethod = d.text(value)
		case "headers":
			d.once(name)
			event.Headers = d.authorization(value)
		case "multiValueHeaders":
			d.once(name)
			event.MultiValueHeaders = d.headers(value, authorizationHeader)
		case "queryStringParameters":
			d.once(name)
			event.QueryStringParameters = objectOf(d, value, d.text)
		case "multiValueQueryStringParameters":
			d.once(name)
			event.MultiValueQueryStringParameters = objectOf(d, value, d.texts)
		case "requestContext":
			d.once(name)
			d.authorizerContext(value, &event.RequestContext)
		}
	})
	if d.failed {
		return events.APIGatewayCustomAuthorizerRequestTypeRequest{}, errNotEvent
	}
	return event, nil
}

const authorizationHeader = "Authorization"

// authorization returns the headers Authorization, by their spellings.
func (d *decoder) authorization(value gjson.Result) map[string]string {
	headers := map[string]string{}
	d.object(value, func(name string, value gjson.Result) {
		if strings.EqualFold(name, authorizationHeader) {
			headers[name] = d.text(value)
		}
	})
	return headers
}

func (d *decoder) authorizerContext(value gjson.Result, context *events.APIGatewayCustomAuthorizerRequestTypeRequestContext) {
	d.object(value, func(name string, value gjson.Result) {
		switch name {
		case "requestId":
			d.once(name)
			context.RequestID = d.text(value)
		case "identity":
			d.once(name)
			d.object(value, func(name string, value gjson.Result) {
				if name == "sourceIp" {
					d.once(name)
					context.Identity.SourceIP = d.text(value)
				}
			})
		}
	})
}

// encodePolicy returns what encoding/json makes of an answer, in a fraction of the time. Of a context it takes texts alone, as API
// Gateway hands it on, and fails for anything else.
func encodePolicy(answer events.APIGatewayCustomAuthorizerResponse) ([]byte, error) {
	context := make(map[string]string, len(answer.Context))
	for name, value := range answer.Context {
		text, ok := value.(string)
		if !ok {
			return nil, errors.New("encoding a policy: member " + name + " of the context is not a text")
		}
		context[name] = text
	}
	const typical = 1 << 10
	b := appendText(append(make([]byte, 0, typical), `{"principalId":`...), answer.PrincipalID)
	b = appendText(append(b, `,"policyDocument":{"Version":`...), answer.PolicyDocument.Version)
	b = append(b, `,"Statement":[`...)
	for i, statement := range answer.PolicyDocument.Statement {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendList(append(b, `{"Action":`...), statement.Action)
		b = appendText(append(b, `,"Effect":`...), statement.Effect)
		b = appendList(append(b, `,"Resource":`...), statement.Resource)
		b = append(b, '}')
	}
	b = append(b, `]}`...)
	if len(context) > 0 {
		b = appendTexts(append(b, `,"context":`...), context)
	}
	return append(b, '}'), nil
}

// appendList appends a JSON array of strings.
func appendList(b []byte, texts []string) []byte {
	b = append(b, '[')
	for i, text := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, text)
	}
	return append(b, ']')
}
