package gateway_test

import (
	"net/http"
	"testing"

	"postern/internal/cfn"
)

// What CDK synthesizes, read by package cfn, is an API that can be served.
func TestSynthesizedAPI(t *testing.T) {
	stack, err := cfn.Load("../../internal/cfn/testdata/assembly")
	if err != nil {
		t.Fatal(err)
	}
	f := honest()
	f.answer["AuthorizerBD825682"] = allowing
	f.answer["PresignA4E612D7"] = answering(ok)
	h := handler(t, stack.API, f)

	expect(t, serve(h, newRequest(http.MethodGet, "/api/health", nil)), 200, `{"status":"ok"}`)
	expect(t, serve(h, get("/api/presignedurl?mail=a")), 200, "{}")
	expect(t, serve(h, get("/api/presignedurl")), 400, `{"message":"Missing required request parameters: [mail]"}`)

	w := serve(h, newRequest(http.MethodOptions, "/api/presignedurl", nil))
	expect(t, w, 204, "")
	if got := w.Header().Get("Access-Control-Allow-Headers"); got != "Authorization" {
		t.Errorf("a preflight allows the headers %q, want Authorization", got)
	}

	w = serve(h, newRequest(http.MethodGet, "/api/presignedurl", nil))
	expect(t, w, 401, `{"message":"Unauthorized","code":"unauthorized","requestId":"11111111-2222-4333-8444-555555555555"}`)
	if got := w.Header().Get("Www-Authenticate"); got != `Basic realm="x"` {
		t.Errorf("got WWW-Authenticate %q, want Basic realm=\"x\"", got)
	}
}
