package gateway_test

import (
	"net/http"
	"testing"

	"postern/internal/cfn"
)

func TestMock(t *testing.T) {
	for _, test := range []struct {
		name        string
		edit        func(*cfn.Method)
		contentType string
		status      int
		body        string
	}{
		{"template with quotes", func(m *cfn.Method) {
			m.Integration.RequestTemplates = map[string]string{"application/json": `{"statusCode": 200}`}
		}, "", 200, "{}"},
		{"template without quotes", func(*cfn.Method) {}, "", 200, "{}"},
		{"JSON", func(*cfn.Method) {}, "application/json; charset=utf-8", 200, "{}"},
		{"other content type", func(*cfn.Method) {}, "text/plain", 500, internalError},
		{"malformed content type", func(*cfn.Method) {}, ";", 500, internalError},
		{"other content type, never passed through", func(m *cfn.Method) { m.Integration.Passthrough = "NEVER" }, "text/plain", 415, `{"message":"Unsupported Media Type"}`},
		{"other content type, no template for it", func(m *cfn.Method) { m.Integration.Passthrough = "WHEN_NO_TEMPLATES" }, "text/plain", 415, `{"message":"Unsupported Media Type"}`},
		{"no response", func(m *cfn.Method) { m.Integration.Responses = nil }, "", 500, internalError},
		{"selected response", func(m *cfn.Method) {
			m.Integration.Responses = append(m.Integration.Responses, cfn.IntegrationResponse{
				StatusCode: "202", Selection: "2\\d\\d", Templates: map[string]string{"application/json": "selected"},
			})
			m.Responses["202"] = cfn.MethodResponse{}
		}, "", 202, "selected"},
		{"response not selected", func(m *cfn.Method) {
			m.Integration.Responses = append(m.Integration.Responses, cfn.IntegrationResponse{StatusCode: "202", Selection: "20"})
			m.Responses["202"] = cfn.MethodResponse{}
		}, "", 200, "{}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := api()
			a.Methods = []cfn.Method{mocked("GET", "/m", "200", "{}")}
			test.edit(&a.Methods[0])
			r := newRequest(http.MethodGet, "/api/m", nil)
			if test.contentType != "" {
				r.Header.Set("Content-Type", test.contentType)
			}
			expect(t, serve(handler(t, a, honest()), r), test.status, test.body)
		})
	}
}
