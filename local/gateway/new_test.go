package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"postern/internal/cfn"
	"postern/local/gateway"
)

func newHandler(a cfn.API, f *functions) (http.Handler, error) {
	return gateway.New(a, f, options())
}

// What the gateway could not do as AWS does is an error that names the resource and the value.
func TestNewRefuses(t *testing.T) {
	respond := func(r cfn.GatewayResponse) func(*cfn.API) {
		r.LogicalID = "Response"
		return func(a *cfn.API) { a.Responses = map[string]cfn.GatewayResponse{"UNAUTHORIZED": r} }
	}
	body := func(text string) map[string]string { return map[string]string{"application/json": text} }
	mock := func(edit func(*cfn.Method)) func(*cfn.API) {
		return func(a *cfn.API) { edit(&a.Methods[2]) }
	}
	for _, test := range []struct {
		name string
		edit func(*cfn.API)
		want string
	}{
		{"integration type", func(a *cfn.API) { a.Methods[4].Integration.Type = "HTTP" }, `MethodPOST (POST /open): integration type "HTTP"`},
		{"same route twice", func(a *cfn.API) { a.Methods = append(a.Methods, mocked("GET", "/health", "200", "")) }, "MockGET has the same path and HTTP method"},
		{"greedy path", func(a *cfn.API) { a.Methods[5].Resource = "/{proxy+}" }, `path part "{proxy+}" is neither text nor a {parameter}`},
		{"two names for a path parameter", func(a *cfn.API) { a.Methods[5].Resource = "/uploads/{other}" }, "stand in the same place"},
		{"identity source", func(a *cfn.API) {
			a.Methods[0].Authorizer.IdentitySources = []string{"context.identity.sourceIp"}
		}, `identity source of RequestAuthorizer: request parameter "context.identity.sourceIp"`},
		{"path as an identity source", func(a *cfn.API) { a.Methods[0].Authorizer.IdentitySources = []string{"method.request.path.id"} }, "a path parameter is not an identity source"},
		{"request parameter", func(a *cfn.API) { a.Methods[0].Parameters = map[string]bool{"method.request.body.x": true} }, `request parameter "method.request.body.x"`},

		{"request template with Velocity", mock(func(m *cfn.Method) {
			m.Integration.RequestTemplates = body("#set($a = 1)\n{\"statusCode\": 200}")
		}), "MockGET (GET /health): request template for application/json"},
		{"response template with Velocity", mock(func(m *cfn.Method) { m.Integration.Responses[0].Templates = body("#set($a = 1)") }), "integration response 200: the response template is not plain text"},
		{"response template with a variable", mock(func(m *cfn.Method) { m.Integration.Responses[0].Templates = body("$input.json('$')") }), "Velocity is not served"},
		{"response template of another type", mock(func(m *cfn.Method) { m.Integration.Responses[0].Templates = map[string]string{"text/html": ""} }), "a template for text/html is not served"},
		{"response not declared", mock(func(m *cfn.Method) { m.Responses = nil }), "the method declares no response with this status code"},
		{"response header not declared", mock(func(m *cfn.Method) { m.Responses["200"] = cfn.MethodResponse{} }), "does not declare method.response.header.Access-Control-Allow-Origin"},
		{"mapped response header", mock(func(m *cfn.Method) {
			m.Integration.Responses[0].Parameters["method.response.header.Access-Control-Allow-Origin"] = "method.request.header.Origin"
		}), `"method.request.header.Origin" is not a static value`},
		{"two default responses", mock(func(m *cfn.Method) {
			m.Integration.Responses = append(m.Integration.Responses, m.Integration.Responses[0])
		}), "more than one integration response has no selection pattern"},
		{"selection pattern", mock(func(m *cfn.Method) { m.Integration.Responses[0].Selection = "(" }), "integration response 200: "},
		{"status code", mock(func(m *cfn.Method) {
			m.Integration.Responses[0].StatusCode = "2xx"
			m.Responses["2xx"] = m.Responses["200"]
		}), "want a status code of 200 to 599"},
		{"passthrough behavior", mock(func(m *cfn.Method) { m.Integration.Passthrough = "SOMETIMES" }), `passthrough behavior "SOMETIMES"`},

		{"type of gateway response", func(a *cfn.API) {
			a.Responses = map[string]cfn.GatewayResponse{"TEAPOT": {LogicalID: "Response"}}
		}, `Response: "TEAPOT" is not a type of gateway response`},
		{"no type of gateway response", func(a *cfn.API) { a.Responses = map[string]cfn.GatewayResponse{"": {LogicalID: "Response"}} }, `Response: "" is not a type`},
		{"variable of a gateway response", respond(cfn.GatewayResponse{Templates: body("$context.identity.sourceIp")}), "Response: response template: the local run does not know the variable $context.identity.sourceIp"},
		{"longer variable", respond(cfn.GatewayResponse{Templates: body("$context.requestIdentity")}), "the local run does not know the variable $context.requestIdentity"},
		{"function in a gateway response", respond(cfn.GatewayResponse{Templates: body("$util.escapeJavaScript('a')")}), `"$util.escapeJavaScri" is not a variable`},
		{"braced variable", respond(cfn.GatewayResponse{Templates: body("${context.requestId}")}), `"${context.requestId}" is not a variable`},
		{"HTML gateway response", respond(cfn.GatewayResponse{Templates: map[string]string{"text/html": ""}}), "Response: a template for text/html is not served"},
		{"mapped header of a gateway response", respond(cfn.GatewayResponse{Parameters: map[string]string{"gatewayresponse.header.A": "method.request.header.Origin"}}), "is not a static value in single quotes"},
		{"query of a gateway response", respond(cfn.GatewayResponse{Parameters: map[string]string{"gatewayresponse.querystring.A": "'a'"}}), "want gatewayresponse.header."},
		{"status code of a gateway response", respond(cfn.GatewayResponse{StatusCode: "9"}), `Response: status code "9"`},

		{"variable of the access log", func(a *cfn.API) { a.AccessLog = "$context.wafResponseCode" }, "access log: the local run does not know the variable $context.wafResponseCode"},
		{"header in the access log", func(a *cfn.API) { a.AccessLog = "$input.params('Authorization')" }, `is not a variable`},
		{"ARN", func(a *cfn.API) { a.ARN = "abc" }, `"abc" is not an ARN of an API`},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := api()
			test.edit(&a)
			_, err := newHandler(a, honest())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestNewReportsAll(t *testing.T) {
	a := api()
	a.Methods[4].Integration.Type = "HTTP"
	a.AccessLog = "$context.nothing"
	a.Responses = map[string]cfn.GatewayResponse{"TEAPOT": {LogicalID: "Response"}}
	_, err := newHandler(a, honest())
	for _, want := range []string{"MethodPOST", "$context.nothing", "TEAPOT"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error that names %s", err, want)
		}
	}
}
