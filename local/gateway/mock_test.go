package gateway_test

import (
	"net/http"
	"testing"

	"postern/local/template"
)

func TestMock(t *testing.T) {
	for _, test := range []struct {
		name        string
		edit        func(*template.Method)
		contentType string
		status      int
		body        string
	}{
		{"template with quotes", func(m *template.Method) {
			m.Integration.RequestTemplates = map[string]string{"application/json": `{"statusCode": 200}`}
		}, "", 200, "{}"},
		{"template without quotes", func(*template.Method) {}, "", 200, "{}"},
		{"JSON", func(*template.Method) {}, "application/json; charset=utf-8", 200, "{}"},
		{"other content type", func(*template.Method) {}, "text/plain", 500, internalError},
		{"malformed content type", func(*template.Method) {}, ";", 500, internalError},
		{"other content type, never passed through", func(m *template.Method) { m.Integration.Passthrough = "NEVER" }, "text/plain", 415, `{"message":"Unsupported Media Type"}`},
		{"other content type, no template for it", func(m *template.Method) { m.Integration.Passthrough = "WHEN_NO_TEMPLATES" }, "text/plain", 415, `{"message":"Unsupported Media Type"}`},
		{"no response", func(m *template.Method) { m.Integration.Responses = nil }, "", 500, internalError},
		{"selected response", func(m *template.Method) {
			m.Integration.Responses = append(m.Integration.Responses, template.IntegrationResponse{
				StatusCode: "202", Selection: "2\\d\\d", Templates: map[string]string{"application/json": "selected"},
			})
			m.Responses["202"] = template.MethodResponse{}
		}, "", 202, "selected"},
		{"response not selected", func(m *template.Method) {
			m.Integration.Responses = append(m.Integration.Responses, template.IntegrationResponse{StatusCode: "202", Selection: "20"})
			m.Responses["202"] = template.MethodResponse{}
		}, "", 200, "{}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := api()
			a.Methods = []template.Method{mocked("GET", "/m", "200", "{}")}
			test.edit(&a.Methods[0])
			r := newRequest(http.MethodGet, "/api/m", nil)
			if test.contentType != "" {
				r.Header.Set("Content-Type", test.contentType)
			}
			expect(t, serve(handler(t, a, honest()), r), test.status, test.body)
		})
	}
}
