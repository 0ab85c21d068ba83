package apigw_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"postern/internal/apigw"
)

type (
	authorizerEvent  = events.APIGatewayCustomAuthorizerRequestTypeRequest
	authorizerAnswer = events.APIGatewayCustomAuthorizerResponse
)

// invoke has an authorizer decode an event, and returns what it was given.
func invoke(t *testing.T, payload []byte) (event authorizerEvent, err error) {
	t.Helper()
	_, err = apigw.Authorizer(func(_ context.Context, given authorizerEvent) (authorizerAnswer, error) {
		event = given
		return authorizerAnswer{}, nil
	}).Invoke(t.Context(), payload)
	return event, err
}

// An authorizer is given what encoding/json reads of the members that it uses.
func TestAuthorizerEvent(t *testing.T) {
	payload, err := os.ReadFile("../../lambda/authorizer/testdata/event.json")
	if err != nil {
		t.Fatal(err)
	}
	var all authorizerEvent
	if err := json.Unmarshal(payload, &all); err != nil {
		t.Fatal(err)
	}
	want := authorizerEvent{
		MethodArn: all.MethodArn, Resource: all.Resource, HTTPMethod: all.HTTPMethod,
		Headers:               map[string]string{"authorization": all.Headers["authorization"]},
		MultiValueHeaders:     map[string][]string{"Authorization": all.MultiValueHeaders["authorization"]},
		QueryStringParameters: all.QueryStringParameters, MultiValueQueryStringParameters: all.MultiValueQueryStringParameters,
	}
	want.RequestContext.RequestID = all.RequestContext.RequestID
	want.RequestContext.Identity.SourceIP = all.RequestContext.Identity.SourceIP
	got, err := invoke(t, payload)
	if diff := cmp.Diff(got, want); err != nil || diff != "" || want.MethodArn == "" || want.RequestContext.Identity.SourceIP == "" {
		t.Errorf("%v, (-got +want)\n%s", err, diff)
	}
}

func TestHostileAuthorizerEvents(t *testing.T) {
	for payload, want := range map[string]bool{
		`{}`: true,
		`{"methodArn":"a","headers":null,"multiValueHeaders":null,"requestContext":null}`: true,
		`{"headers":{"Host":7},"multiValueHeaders":{"Cookie":{}}}`:                        true, // nobody reads them
		`{"methodArn":"a","methodArn":"b"}`:                                               false,
		`{"methodArn":"a","method\u0041rn":"b"}`:                                          false,
		`{"methodArn":["a"]}`:                                                             false,
		`{"httpMethod":"GET","httpMethod":"GET"}`:                                         false,
		`{"resource":7}`:                                                          false,
		`{"headers":{"authorization":["a"]}}`:                                     false,
		`{"headers":{},"headers":{}}`:                                             false,
		`{"multiValueHeaders":{"authorization":"a"}}`:                             false,
		`{"multiValueHeaders":{},"multiValueHeaders":{}}`:                         false,
		`{"queryStringParameters":{"mail":"a","mail":"b"}}`:                       false,
		`{"multiValueQueryStringParameters":{"mail":["a"],"mail":["b"]}}`:         false,
		`{"multiValueQueryStringParameters":{"mail":[7]}}`:                        false,
		`{"requestContext":{"requestId":"a"},"requestContext":{"requestId":"b"}}`: false,
		`{"requestContext":{"requestId":"a","requestId":"b"}}`:                    false,
		`{"requestContext":{"identity":{"sourceIp":"a","sourceIp":"b"}}}`:         false,
		`{"requestContext":{"identity":{"sourceIp":"a"},"identity":{}}}`:          false,
		`{"requestContext":{"identity":{"sourceIp":7}}}`:                          false,
		`[]`:                  false,
		``:                    false,
		"{\"a\":\"\xff\"}":    false,
		`{"methodArn":"a"}{}`: false,
		strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20): false,
	} {
		if _, err := invoke(t, []byte(payload)); (err == nil) != want {
			t.Errorf("%.200s: got %v, want it taken: %t", payload, err, want)
		}
	}
}

// Each spelling of the header counts: two of them are two credentials.
func TestAuthorizationHeaders(t *testing.T) {
	got, err := invoke(t, []byte(`{"headers":{"AUTHORIZATION":"a","Authorization":"b"},"multiValueHeaders":{"authorization":["a"],"AuthorizatioN":["b","c"]}}`))
	if err != nil || len(got.Headers) != 2 || len(got.MultiValueHeaders["Authorization"]) != 3 {
		t.Errorf("got %v and %v, %v", got.Headers, got.MultiValueHeaders, err)
	}
}

// What is written of a policy is what encoding/json writes.
func TestPolicy(t *testing.T) {
	statement := func(effect string) []events.IAMPolicyStatement {
		return []events.IAMPolicyStatement{{Action: []string{"execute-api:Invoke"}, Effect: effect, Resource: []string{`arn:é"\` + "\x00"}}}
	}
	for _, answer := range []authorizerAnswer{
		{PrincipalID: "nobody", PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17", Statement: statement("Deny")}},
		{
			PrincipalID:    "0123456789abcdef0123",
			PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17", Statement: append(statement("Allow"), statement("Deny")...)},
			Context:        map[string]any{"owner": "0123456789abcdef0123", "mail": `ö"\<>&@example.com`, "quota": "7", "": "\u2028"},
		},
	} {
		give := apigw.Authorizer(func(context.Context, authorizerEvent) (authorizerAnswer, error) { return answer, nil })
		got, err := give.Invoke(t.Context(), []byte(`{}`))
		var want bytes.Buffer
		encoder := json.NewEncoder(&want)
		encoder.SetEscapeHTML(false)
		if encodeErr := encoder.Encode(answer); err != nil || encodeErr != nil || string(got) != strings.TrimSpace(want.String()) {
			t.Errorf("got %s, %v, want %s", got, err, &want)
		}
	}
	number := apigw.Authorizer(func(context.Context, authorizerEvent) (authorizerAnswer, error) {
		return authorizerAnswer{Context: map[string]any{"quota": 7}}, nil
	})
	if got, err := number.Invoke(t.Context(), []byte(`{}`)); err == nil {
		t.Errorf("a context with a number: got %s", got)
	}
}

// The error is the invocation's own: API Gateway makes a 401 of exactly its text.
func TestAuthorizerError(t *testing.T) {
	refusal := errors.New("Unauthorized")
	refuse := apigw.Authorizer(func(context.Context, authorizerEvent) (authorizerAnswer, error) { return authorizerAnswer{}, refusal })
	if got, err := refuse.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, refusal) || got != nil {
		t.Errorf("got %s, %v, want %v", got, err, refusal)
	}
}

// FuzzAuthorizerEvent: what is read is what encoding/json reads of the same event, without a panic.
func FuzzAuthorizerEvent(f *testing.F) {
	payload, err := os.ReadFile("../../lambda/authorizer/testdata/event.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	f.Add([]byte(`{"methodArn":"a","headers":{"Authorization":"Basic eA=="},"requestContext":{"identity":{"sourceIp":"::1"}}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		got, err := invoke(t, payload)
		if err != nil {
			return
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(payload, &members); err != nil {
			t.Fatalf("%s is taken and is not JSON: %v", payload, err)
		}
		for name, text := range map[string]string{"methodArn": got.MethodArn, "resource": got.Resource, "httpMethod": got.HTTPMethod} {
			var want string
			if value, ok := members[name]; ok && json.Unmarshal(value, &want) != nil {
				t.Errorf("%s: %s is taken", payload, value)
			}
			if text != want {
				t.Errorf("%s: %s is %q, want %q", payload, name, text, want)
			}
		}
	})
}
