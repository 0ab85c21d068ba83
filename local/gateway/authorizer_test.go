package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const presignedURL = "/api/presignedurl?mail=a@example.com"

func TestMissingIdentitySource(t *testing.T) {
	f := honest()
	h := handler(t, api(), f)
	for _, authorization := range [][]string{nil, {""}, {"  "}} {
		r := newRequest(http.MethodGet, presignedURL, nil)
		if authorization != nil {
			r.Header["Authorization"] = authorization
		}
		w := serve(h, r)
		expect(t, w, 401, `{"message":"Unauthorized"}`)
		if got := w.Header().Get("X-Amzn-Errortype"); got != "UnauthorizedException" {
			t.Errorf("got x-amzn-ErrorType %q, want UnauthorizedException", got)
		}
	}
	if got := f.invoked("Authorizer"); got != nil {
		t.Errorf("the authorizer was invoked %d times without its identity source", len(got))
	}
	if got := f.invoked("Handler"); got != nil {
		t.Errorf("the function was invoked %d times without authorization", len(got))
	}
}

func TestAuthorizerFailures(t *testing.T) {
	const (
		policy        = `"policyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}]}`
		failure       = "AuthorizerFailureException"
		configuration = "AuthorizerConfigurationException"
	)
	for _, test := range []struct {
		name      string
		functions *functions
		status    int
		body      string
		exception string
	}{
		{"the word", with("Authorizer", failing(reported{"errorString", "Unauthorized"})), 401, `{"message":"Unauthorized"}`, "UnauthorizedException"},
		{"the word, wrapped", with("Authorizer", failing(fmt.Errorf("invoking: %w", reported{"errorString", "Unauthorized"}))), 401, `{"message":"Unauthorized"}`, "UnauthorizedException"},
		{"other case", with("Authorizer", failing(reported{"errorString", "unauthorized"})), 500, `{"message":null}`, failure},
		{"more words", with("Authorizer", failing(reported{"errorString", "Unauthorized: no"})), 500, `{"message":null}`, failure},
		{"panic", with("Authorizer", failing(reported{"Runtime.ExitError", "exit status 2"})), 500, `{"message":null}`, failure},
		{"timeout of its own", with("Authorizer", failing(reported{"Sandbox.Timedout", "timed out"})), 500, `{"message":null}`, failure},
		{"not run", with("Authorizer", failing(errNotRun)), 500, `{"message":null}`, configuration},

		{"the word as an answer", with("Authorizer", answering(`"Unauthorized"`)), 500, `{"message":null}`, configuration},
		{"null", with("Authorizer", answering(`null`)), 500, `{"message":null}`, configuration},
		{"nothing", with("Authorizer", answering(``)), 500, `{"message":null}`, configuration},
		{"list", with("Authorizer", answering(`[]`)), 500, `{"message":null}`, configuration},
		{"no principal", with("Authorizer", answering(`{`+policy+`}`)), 500, `{"message":null}`, configuration},
		{"empty principal", with("Authorizer", answering(`{"principalId":"",`+policy+`}`)), 500, `{"message":null}`, configuration},
		{"number for a principal", with("Authorizer", answering(`{"principalId":1,`+policy+`}`)), 500, `{"message":null}`, configuration},
		{"no policy", with("Authorizer", answering(`{"principalId":"a"}`)), 500, `{"message":null}`, configuration},
		{"two values", with("Authorizer", answering(`{"principalId":"a",`+policy+`}{}`)), 500, `{"message":null}`, configuration},
		{"unknown member", with("Authorizer", answering(`{"principalId":"a","isAuthorized":true,`+policy+`}`)), 500, `{"message":null}`, configuration},
		{"object in the context", with("Authorizer", answering(`{"principalId":"a","context":{"o":{}},`+policy+`}`)), 500, `{"message":null}`, configuration},
		{"list in the context", with("Authorizer", answering(`{"principalId":"a","context":{"o":[]},`+policy+`}`)), 500, `{"message":null}`, configuration},
		{"null in the context", with("Authorizer", answering(`{"principalId":"a","context":{"o":null},`+policy+`}`)), 500, `{"message":null}`, configuration},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := serve(handler(t, api(), test.functions), get(presignedURL))
			expect(t, w, test.status, test.body)
			if got := w.Header().Get("X-Amzn-Errortype"); got != test.exception {
				t.Errorf("got x-amzn-ErrorType %q, want %q", got, test.exception)
			}
			if test.functions.invoked("Handler") != nil {
				t.Error("the function was invoked without authorization")
			}
		})
	}
}

// An authorizer that never answers is waited for as long as API Gateway waits.
func TestHangingAuthorizer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := with("Authorizer", hanging)
		start := time.Now()
		w := serve(handler(t, api(), f), get(presignedURL))
		if got := time.Since(start); got != 29*time.Second {
			t.Errorf("answered after %v, want 29s", got)
		}
		expect(t, w, 500, `{"message":null}`)
		if got := w.Header().Get("X-Amzn-Errortype"); got != "AuthorizerConfigurationException" {
			t.Errorf("got x-amzn-ErrorType %q, want AuthorizerConfigurationException", got)
		}
		if f.invoked("Handler") != nil {
			t.Error("the function was invoked without authorization")
		}
	})
}

func TestPolicies(t *testing.T) {
	const (
		explicit = `{"Message":"User is not authorized to access this resource with an explicit deny"}`
		implicit = `{"Message":"User is not authorized to access this resource"}`
		arn      = "arn:aws:execute-api:eu-west-1:000000000000:abcdefghij/api/GET/presignedurl"
		allow    = `{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"` + arn + `"}`
		deny     = `{"Effect":"Deny","Action":"execute-api:Invoke","Resource":"` + arn + `"}`
	)
	statement := func(effect, action, resource string) string {
		return fmt.Sprintf(`{"Effect":%q,"Action":%q,"Resource":%q}`, effect, action, resource)
	}
	for _, test := range []struct {
		name       string
		statements string
		status     int
		body       string
	}{
		{"allow", `[` + allow + `]`, 200, "{}"},
		{"one statement without a list", allow, 200, "{}"},
		{"lists", `[{"Sid":"a","Effect":"Allow","Action":["a:b","execute-api:Invoke"],"Resource":["x","` + arn + `"]}]`, 200, "{}"},
		{"any resource", `[` + statement("Allow", "execute-api:Invoke", "*") + `]`, 200, "{}"},
		{"wildcard in the resource", `[` + statement("Allow", "execute-api:Invoke", "arn:aws:execute-api:*:*:abcdefghij/*/GET/*") + `]`, 200, "{}"},
		{"one unknown character", `[` + statement("Allow", "execute-api:Invoke", "arn:aws:execute-api:eu-west-1:000000000000:abcdefghij/api/GET/presigned?rl") + `]`, 200, "{}"},
		{"any action", `[` + statement("Allow", "*", arn) + `]`, 200, "{}"},
		{"any of the service", `[` + statement("Allow", "execute-api:*", arn) + `]`, 200, "{}"},
		{"action in other case", `[` + statement("Allow", "Execute-API:invoke", arn) + `]`, 200, "{}"},
		{"denial of something else", `[` + allow + `,` + statement("Deny", "execute-api:Invoke", arn+"/x") + `]`, 200, "{}"},

		{"deny", `[` + deny + `]`, 403, explicit},
		{"deny after allow", `[` + allow + `,` + deny + `]`, 403, explicit},
		{"deny before allow", `[` + deny + `,` + allow + `]`, 403, explicit},
		{"deny of everything", `[` + allow + `,` + statement("Deny", "*", "*") + `]`, 403, explicit},

		{"nothing", `[]`, 403, implicit},
		{"other method", `[` + statement("Allow", "execute-api:Invoke", "arn:aws:execute-api:eu-west-1:000000000000:abcdefghij/api/POST/presignedurl") + `]`, 403, implicit},
		{"other path", `[` + statement("Allow", "execute-api:Invoke", arn+"x") + `]`, 403, implicit},
		{"start of the path", `[` + statement("Allow", "execute-api:Invoke", "arn:aws:execute-api:eu-west-1:000000000000:abcdefghij/api/GET/") + `]`, 403, implicit},
		{"other API", `[` + statement("Allow", "execute-api:Invoke", "arn:aws:execute-api:eu-west-1:000000000000:other/*") + `]`, 403, implicit},
		{"other action", `[` + statement("Allow", "execute-api:ManageConnections", arn) + `]`, 403, implicit},

		{"condition", `[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.1"}}}]`, 500, `{"message":null}`},
		{"condition beside an allowance", `[` + allow + `,{"Effect":"Deny","Action":"*","Resource":"*","Condition":{}}]`, 500, `{"message":null}`},
		{"principal", `[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*"}]`, 500, `{"message":null}`},
		{"not an action", `[{"Effect":"Allow","NotAction":"s3:GetObject","Resource":"*"}]`, 500, `{"message":null}`},
		{"not a resource", `[{"Effect":"Allow","Action":"execute-api:Invoke","NotResource":"x"}]`, 500, `{"message":null}`},
		{"no action", `[{"Effect":"Allow","Resource":"*"}]`, 500, `{"message":null}`},
		{"no resource", `[{"Effect":"Allow","Action":"execute-api:Invoke"}]`, 500, `{"message":null}`},
		{"no effect", `[{"Action":"execute-api:Invoke","Resource":"*"}]`, 500, `{"message":null}`},
		{"unknown effect", `[` + statement("allow", "execute-api:Invoke", "*") + `]`, 500, `{"message":null}`},
		{"null statement", `null`, 500, `{"message":null}`},
		{"null in the list", `[` + allow + `,null]`, 500, `{"message":null}`},
		{"number for an action", `[{"Effect":"Allow","Action":1,"Resource":"*"}]`, 500, `{"message":null}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer := `{"principalId":"a","policyDocument":{"Version":"2012-10-17","Statement":` + test.statements + `}}`
			f := with("Authorizer", answering(answer))
			expect(t, serve(handler(t, api(), f), get(presignedURL)), test.status, test.body)
			if invoked := f.invoked("Handler") != nil; invoked != (test.status == 200) {
				t.Errorf("the function was invoked: %v", invoked)
			}
		})
	}
}

func TestPolicyVersion(t *testing.T) {
	answer := `{"principalId":"a","policyDocument":{"Version":"2030-01-01","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}}`
	expect(t, serve(handler(t, api(), with("Authorizer", answering(answer))), get(presignedURL)), 500, `{"message":null}`)
}

// The values of the authorizer's context arrive as strings, and what a request claims does not.
func TestAuthorizerContext(t *testing.T) {
	f := honest()
	r := get(presignedURL + "&owner=ffffffffffffffffffff")
	r.Header.Set("Owner", "ffffffffffffffffffff")
	expect(t, serve(handler(t, api(), f), r), 200, "{}")
	var event struct {
		RequestContext struct{ Authorizer map[string]any }
	}
	if err := json.Unmarshal(f.invoked("Handler")[0], &event); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"principalId":        "someone",
		"integrationLatency": 0.0,
		"owner":              "0123456789abcdef0123",
		"maxSize":            "5",
		"trusted":            "true",
	}
	if diff := cmp.Diff(want, event.RequestContext.Authorizer); diff != "" {
		t.Errorf("requestContext.authorizer (-want +got):\n%s", diff)
	}
}

func TestQueryIdentitySource(t *testing.T) {
	a := api()
	a.Methods[0].Authorizer.IdentitySources = []string{"method.request.header.Authorization", "method.request.querystring.token"}
	h := handler(t, a, honest())
	expect(t, serve(h, get(presignedURL)), 401, `{"message":"Unauthorized"}`)
	expect(t, serve(h, get(presignedURL+"&token=")), 401, `{"message":"Unauthorized"}`)
	expect(t, serve(h, get(presignedURL+"&token=x")), 200, "{}")
}
