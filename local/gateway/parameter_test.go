package gateway_test

import (
	"net/http"
	"testing"
)

func TestRequiredParameters(t *testing.T) {
	const missing = `{"message":"Missing required request parameters: [mail]"}`
	for _, test := range []struct {
		query  string
		status int
		body   string
	}{
		{"", 400, missing},
		{"?", 400, missing},
		{"?mail", 400, missing},
		{"?mail=", 400, missing},
		{"?mail=+%20", 400, missing},
		{"?mail=&mail=", 400, missing},
		{"?Mail=a", 400, missing},
		{"?type=video/mp4", 400, missing},
		{"?mail=a", 200, "{}"},
		{"?mail=&mail=a", 200, "{}"},
		{"?mail=a&unknown=b", 200, "{}"},
	} {
		t.Run(test.query, func(t *testing.T) {
			f := honest()
			w := serve(handler(t, api(), f), get("/api/presignedurl"+test.query))
			expect(t, w, test.status, test.body)
			if invoked := f.invoked("Handler") != nil; invoked != (test.status == 200) {
				t.Errorf("the function was invoked: %v", invoked)
			}
			if got := w.Header().Get("X-Amzn-Errortype"); test.status == 400 && got != "BadRequestException" {
				t.Errorf("got x-amzn-ErrorType %q, want BadRequestException", got)
			}
		})
	}
}

// Who is not authorized does not learn which parameters a route has.
func TestParametersAreValidatedAfterTheAuthorizer(t *testing.T) {
	h := handler(t, api(), with("Authorizer", failing(reported{"errorString", "Unauthorized"})))
	expect(t, serve(h, get("/api/presignedurl")), 401, `{"message":"Unauthorized"}`)
	expect(t, serve(h, newRequest(http.MethodGet, "/api/presignedurl", nil)), 401, `{"message":"Unauthorized"}`)
}

func TestParametersWithoutValidator(t *testing.T) {
	a := api()
	a.Methods[0].ValidateParameters = false
	expect(t, serve(handler(t, a, honest()), get("/api/presignedurl")), 200, "{}")
}

func TestRequiredParametersOfEveryKind(t *testing.T) {
	a := api()
	a.Methods[5].ValidateParameters = true
	a.Methods[5].Parameters = map[string]bool{
		"method.request.header.X-One":    true,
		"method.request.querystring.two": true,
		"method.request.path.id":         true,
	}
	h := handler(t, a, honest())
	expect(t, serve(h, get("/api/uploads/a")), 400, `{"message":"Missing required request parameters: [X-One, two]"}`)
	r := get("/api/uploads/a?two=2")
	r.Header.Set("x-one", "1")
	expect(t, serve(h, r), 200, "{}")
}
