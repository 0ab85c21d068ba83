package stack_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"postern/infra/stack"
	"postern/infra/stage"
	"postern/internal/contract"
)

// paths are those of a template's API resources, by Ref.
func (t *template) paths() map[string]string {
	paths := map[string]string{"${Api.RootResourceId}": ""}
	resources := t.of("AWS::ApiGateway::Resource")
	for len(paths) <= len(resources) {
		before := len(paths)
		for name, r := range resources {
			if parent, ok := paths[write(r.Properties["ParentId"])]; ok {
				paths["${"+name+"}"] = parent + "/" + write(r.Properties["PathPart"])
			}
		}
		if len(paths) == before {
			break
		}
	}
	paths["${Api.RootResourceId}"] = "/"
	return paths
}

func TestEveryMethodIsAuthorized(t *testing.T) {
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		var routes []string
		for name, method := range template.of("AWS::ApiGateway::Method") {
			p := method.Properties
			path := template.paths()[write(p["ResourceId"])]
			verb := p["HttpMethod"].(string)
			route, known := contract.RouteOf(path, verb)
			if verb != "OPTIONS" {
				routes = append(routes, verb+" "+path)
			}
			switch {
			case verb == "OPTIONS", known && route.Public:
				kind := p["Integration"].(map[string]any)["Type"]
				if p["AuthorizationType"] != "NONE" || (kind != "MOCK") != (known && route.Function == contract.Site) {
					t.Errorf("%s: got %v with %v, want NONE and a mock, or the site", name, p["AuthorizationType"], p["Integration"])
				}
			case p["AuthorizationType"] != "CUSTOM" || write(p["AuthorizerId"]) != "${RequestAuthorizer}":
				t.Errorf("%s: got %v with %v, want the authorizer", name, p["AuthorizationType"], p["AuthorizerId"])
			}
		}
		if len(routes) != len(contract.Routes) {
			t.Errorf("got routes %s, want the %d of the contract", routes, len(contract.Routes))
		}
	})
}

func TestAuthorizer(t *testing.T) {
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		p := template.only(t, "AWS::ApiGateway::Authorizer").Properties
		for name, want := range map[string]any{
			"Type":                         "REQUEST",
			"AuthorizerResultTtlInSeconds": 0.0,
			"IdentitySource":               "method.request.header.Authorization",
		} {
			if got := p[name]; got != want {
				t.Errorf("%s: got %v, want %v", name, got, want)
			}
		}
		if uri := write(p["AuthorizerUri"]); !strings.HasSuffix(uri, ":lambda:path/2015-03-31/functions/${Authorizer.Arn}/invocations") {
			t.Errorf("function: got %s, want the authorizer", uri)
		}
	})
}

func TestMethodsFollowTheContract(t *testing.T) {
	integrations := map[contract.Function]string{
		contract.Presign: "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Presign.Arn}/invocations",
		contract.Manage:  "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Manage.Arn}/invocations",
		contract.Site:    "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Site.Arn}/invocations",
	}
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		for name, method := range template.of("AWS::ApiGateway::Method") {
			p := method.Properties
			route, known := contract.RouteOf(template.paths()[write(p["ResourceId"])], p["HttpMethod"].(string))
			if !known {
				continue
			}
			parameters := map[string]any{}
			for _, query := range route.Query {
				parameters["method.request.querystring."+query.Name] = false
			}
			if route.Conditional {
				parameters["method.request.header.If-Match"] = false
			}
			if diff := cmp.Diff(p["RequestParameters"], any(parameters)); diff != "" {
				t.Errorf("%s: parameters (-got +want):\n%s", name, diff)
			}
			integration := p["Integration"].(map[string]any)
			if route.Function != "" && (integration["Type"] != "AWS_PROXY" || integration["IntegrationHttpMethod"] != "POST" ||
				write(integration["Uri"]) != integrations[route.Function]) {
				t.Errorf("%s: got integration %v, want function %s", name, integration, route.Function)
			}
		}
	})
}

func TestPreflights(t *testing.T) {
	allowed := map[string]any{
		"/health":                  "'GET,HEAD'",
		"/presignedurl":            "'GET'",
		"/uploads":                 "'GET,POST'",
		"/uploads/{id}":            "'DELETE,GET,PATCH'",
		"/uploads/{id}/complete":   "'POST'",
		"/uploads/{id}/download":   "'GET'",
		"/uploads/{id}/parts":      "'POST'",
		"/uploads/{id}/parts/list": "'POST'",
		"/usage":                   "'GET'",
		"/keys":                    "'GET,POST'",
		"/keys/{keyId}":            "'DELETE'",
		"/link":                    "'GET'",
		"/links":                   "'DELETE,POST'",
		"/links/{linkId}":          "'DELETE'",
		"/":                        "'GET'",
		"/assets/{file}":           "'GET'",
		"/openapi.json":            "'GET'",
	}
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		preflights := map[string]bool{}
		for name, method := range template.of("AWS::ApiGateway::Method") {
			p := method.Properties
			if p["HttpMethod"] != "OPTIONS" {
				continue
			}
			path := template.paths()[write(p["ResourceId"])]
			preflights[path] = true
			response := p["Integration"].(map[string]any)["IntegrationResponses"].([]any)[0].(map[string]any)
			want := map[string]any{
				"method.response.header.Access-Control-Allow-Headers": "'Authorization,*,Content-Type,If-Match,Cache-Control,Pragma,X-Requested-With,Traceparent,Tracestate,Baggage'",
				"method.response.header.Access-Control-Allow-Methods": allowed[path],
				"method.response.header.Access-Control-Allow-Origin":  "'*'",
				"method.response.header.Access-Control-Max-Age":       "'3600'",
			}
			if diff := cmp.Diff(response["ResponseParameters"], any(want)); diff != "" {
				t.Errorf("%s: headers (-got +want):\n%s", name, diff)
			}
		}
		for _, route := range contract.Routes {
			if !preflights[route.Path] {
				t.Errorf("%s has no preflight", route.Path)
			}
		}
	})
}

func TestRestAPI(t *testing.T) {
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		got := template.only(t, "AWS::ApiGateway::RestApi").Properties
		delete(got, "Tags")
		want := map[string]any{
			"Name":                   "Postern-" + s.Name,
			"EndpointConfiguration":  map[string]any{"Types": []any{"REGIONAL"}},
			"EndpointAccessMode":     "STRICT",
			"MinimumCompressionSize": float64(1024),
			"SecurityPolicy":         "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09",
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("properties (-got +want):\n%s", diff)
		}
	})
}

func TestStage(t *testing.T) {
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		r := template.only(t, "AWS::ApiGateway::Stage")
		if got := r.Properties["StageName"]; got != "api" {
			t.Errorf("name: got %v, want api", got)
		}
		if got := r.Properties["TracingEnabled"]; got != false {
			t.Errorf("tracing: got %v, want false", got)
		}
		setting := func(method, path string, rate, burst int) any {
			return map[string]any{
				"HttpMethod": method, "ResourcePath": path, "DataTraceEnabled": false, "MetricsEnabled": s.MethodMetrics,
				"ThrottlingRateLimit": float64(rate), "ThrottlingBurstLimit": float64(burst),
			}
		}
		want := []any{setting("*", "/*", s.Throttle.Rate, s.Throttle.Burst)}
		for _, path := range []string{"/", "/~1assets~1{file}", "/~1openapi.json"} {
			want = append(want, setting("GET", path, 20, 100))
		}
		if diff := cmp.Diff(r.Properties["MethodSettings"], any(want)); diff != "" {
			t.Errorf("method settings (-got +want):\n%s", diff)
		}
		// Without the account's log role, API Gateway refuses a stage with an access log.
		if got, want := slices.Contains(r.DependsOn, "ApiGatewayAccount"), s.APIGatewayLogRole == stage.CreateLogRole; got != want {
			t.Errorf("depends on %s: got the account %v, want %v", r.DependsOn, got, want)
		}
	})
}

func TestAccessLog(t *testing.T) {
	withAddresses := stages["dev"]
	withAddresses.Name, withAddresses.LogAddresses = "addresses", true
	check := func(t *testing.T, s stage.Stage, template *template) {
		setting := template.only(t, "AWS::ApiGateway::Stage").Properties["AccessLogSetting"].(map[string]any)
		if got := write(setting["DestinationArn"]); got != "${AccessLogs.Arn}" {
			t.Errorf("destination: got %s, want the log group", got)
		}
		var got map[string]string
		if err := json.Unmarshal([]byte(setting["Format"].(string)), &got); err != nil {
			t.Fatalf("the format is not JSON: %v", err)
		}
		want := map[string]string{
			"requestId":          "$context.requestId",
			"time":               "$context.requestTime",
			"method":             "$context.httpMethod",
			"resource":           "$context.resourcePath",
			"status":             "$context.status",
			"caller":             "$context.authorizer.principalId",
			"owner":              "$context.authorizer.owner",
			"role":               "$context.authorizer.role",
			"latency":            "$context.responseLatency",
			"integrationLatency": "$context.integration.latency",
			"authorizerLatency":  "$context.authorizer.latency",
			"responseType":       "$context.error.responseType",
		}
		if s.LogAddresses {
			want["address"] = "$context.identity.sourceIp"
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("members (-got +want):\n%s", diff)
		}
	}
	deployed(t, check)
	made, err := synthesize(t, withAddresses, func(awsapigateway.RestApi) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("with addresses", func(t *testing.T) { check(t, withAddresses, made) })
}

// TestGatewayResponses puts values into the templates of API Gateway's own answers and reads what a client would.
func TestGatewayResponses(t *testing.T) {
	type answer struct{ Message, Code, RequestID, status string }
	const aws, internal, route = "API Gateway's own", "internal error", "no such route"
	const unknown = "who calls cannot be checked now: try again later"
	want := map[string]answer{
		"BAD_REQUEST_PARAMETERS":         {aws, "invalid_request", "id", ""},
		"BAD_REQUEST_BODY":               {aws, "invalid_request", "id", ""},
		"UNAUTHORIZED":                   {aws, "unauthorized", "id", ""},
		"ACCESS_DENIED":                  {"why", "forbidden", "id", ""},
		"MISSING_AUTHENTICATION_TOKEN":   {route, "not_found", "id", "404"},
		"INVALID_SIGNATURE":              {route, "not_found", "id", "404"},
		"EXPIRED_TOKEN":                  {route, "not_found", "id", "404"},
		"RESOURCE_NOT_FOUND":             {route, "not_found", "id", ""}, // 404
		"REQUEST_TOO_LARGE":              {aws, "payload_too_large", "id", ""},
		"UNSUPPORTED_MEDIA_TYPE":         {aws, "unsupported_media_type", "id", ""},
		"THROTTLED":                      {aws, "too_many_requests", "id", ""},
		"QUOTA_EXCEEDED":                 {aws, "too_many_requests", "id", ""},
		"WAF_FILTERED":                   {"the firewall refuses the request", "forbidden", "id", ""},
		"DEFAULT_4XX":                    {"the request is refused", "invalid_request", "id", ""},
		"API_CONFIGURATION_ERROR":        {internal, "internal_error", "id", ""},
		"AUTHORIZER_CONFIGURATION_ERROR": {unknown, "internal_error", "id", "503"},
		"AUTHORIZER_FAILURE":             {unknown, "internal_error", "id", "503"},
		"INTEGRATION_FAILURE":            {internal, "internal_error", "id", ""},
		"INTEGRATION_TIMEOUT":            {internal, "internal_error", "id", ""},
		"DEFAULT_5XX":                    {internal, "internal_error", "id", ""},
	}
	variables := strings.NewReplacer("$context.error.messageString", `"`+aws+`"`, "$context.requestId", "id", "$context.authorizer.message", "why")
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		got := map[string]answer{}
		for name, response := range template.of("AWS::ApiGateway::GatewayResponse") {
			kind := response.Properties["ResponseType"].(string)
			body := response.Properties["ResponseTemplates"].(map[string]any)["application/json"].(string)
			var a answer
			if err := json.Unmarshal([]byte(variables.Replace(body)), &a); err != nil {
				t.Errorf("%s: body %s is not JSON: %v", name, body, err)
			}
			a.status, _ = response.Properties["StatusCode"].(string)
			got[kind] = a
			checkHeaders(t, kind, response.Properties["ResponseParameters"].(map[string]any))
		}
		if diff := cmp.Diff(got, want, cmp.AllowUnexported(answer{})); diff != "" {
			t.Errorf("answers by type (-got +want):\n%s", diff)
		}
	})
}

func checkHeaders(t *testing.T, kind string, got map[string]any) {
	t.Helper()
	want := map[string]any{}
	for name, value := range contract.Headers {
		if name != "Content-Type" {
			want["gatewayresponse.header."+name] = "'" + value + "'"
		}
	}
	if kind == "UNAUTHORIZED" {
		want["gatewayresponse.header.WWW-Authenticate"] = `'Basic realm="postern", charset="UTF-8"'`
	}
	if after := map[string]string{"THROTTLED": "1", "AUTHORIZER_FAILURE": "10", "AUTHORIZER_CONFIGURATION_ERROR": "10"}[kind]; after != "" {
		want["gatewayresponse.header.Retry-After"] = "'" + after + "'"
		want["gatewayresponse.header.Access-Control-Expose-Headers"] = "'Retry-After'"
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s: headers (-got +want):\n%s", kind, diff)
	}
}

func TestWhoInvokes(t *testing.T) {
	api := "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}"
	want := map[string]string{
		"${Authorizer.Arn}": api + "/authorizers/${RequestAuthorizer}",
		"${Presign.Arn}":    api + "/api/*/*",
		"${Manage.Arn}":     api + "/api/*/*",
		"${Site.Arn}":       api + "/api/*/*",
	}
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		permissions := template.of("AWS::Lambda::Permission")
		got := map[string]string{}
		for name, permission := range permissions {
			p := permission.Properties
			if p["Principal"] != "apigateway.amazonaws.com" || p["Action"] != "lambda:InvokeFunction" {
				t.Errorf("%s: got %v to %v", name, p["Principal"], p["Action"])
			}
			got[write(p["FunctionName"])] = write(p["SourceArn"])
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("sources by function (-got +want):\n%s", diff)
		}
		if len(permissions) != len(want) {
			t.Errorf("got %d permissions, want %d", len(permissions), len(want))
		}
	})
}

// TestOpenMethodFailsTheSynthesis adds a method without an authorizer.
func TestOpenMethodFailsTheSynthesis(t *testing.T) {
	_, err := synthesize(t, stages["dev"], func(api awsapigateway.RestApi) {
		api.Root().ResourceForPath(jsii.String("/health/open")).AddMethod(jsii.String("GET"), nil, nil)
	})
	want := "Postern-dev/Api/Default/health/open/GET/Resource has no authorizer, and the route table does not say that it is public"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestChangeIsDeployed wants another logical id of the deployment once the API's definition is another: API Gateway
// serves a snapshot.
func TestChangeIsDeployed(t *testing.T) {
	same, err := synthesize(t, stages["dev"], func(awsapigateway.RestApi) {})
	if err != nil {
		t.Fatal(err)
	}
	changed, err := synthesize(t, stages["dev"], func(api awsapigateway.RestApi) {
		api.AddGatewayResponse(jsii.String("Extra"), &awsapigateway.GatewayResponseOptions{Type: awsapigateway.ResponseType_WAF_FILTERED()})
	})
	if err != nil {
		t.Fatal(err)
	}
	id := func(t *template) string {
		for id, r := range t.Resources {
			if r.Type == "AWS::ApiGateway::Deployment" {
				return id
			}
		}
		return ""
	}
	if got, want := id(same), id(templates["dev"]); got == "" || got != want {
		t.Errorf("unchanged: got deployment %q, want %q", got, want)
	}
	if got := id(changed); got == "" || got == id(same) {
		t.Errorf("changed: got deployment %q, want another", got)
	}
}

func TestExistingLogRole(t *testing.T) {
	s := stages["dev"]
	s.APIGatewayLogRole = stage.ExistingLogRole
	got, err := synthesize(t, s, func(awsapigateway.RestApi) {})
	if err != nil {
		t.Fatal(err)
	}
	if found := got.of("AWS::ApiGateway::Account"); len(found) != 0 {
		t.Errorf("got %d accounts, want none", len(found))
	}
	if found := got.of("AWS::IAM::Role"); len(found) != len(contract.Functions) {
		t.Errorf("got %d roles, want one a function", len(found))
	}
}

// A stage with issuers asks for tokens too, and its authorizer knows them.
func TestStageWithIssuers(t *testing.T) {
	for basic, challenge := range map[bool]string{
		true:  `'Basic realm="postern", charset="UTF-8", Bearer realm="postern"'`,
		false: `'Bearer realm="postern"'`,
	} {
		s := stages["dev"]
		s.Basic, s.Issuers = basic, []contract.Issuer{{Issuer: "https://id.example.com", Audience: "web", Mail: "email"}}
		template, err := synthesize(t, s, func(awsapigateway.RestApi) {})
		if err != nil {
			t.Fatal(err)
		}
		const issuers = `[{"issuer":"https://id.example.com","audience":"web","mail":"email"}]`
		if got := template.variables("Authorizer")["ISSUERS"]; got != issuers {
			t.Errorf("the authorizer's ISSUERS is %q, want %s", got, issuers)
		}
		for _, response := range template.of("AWS::ApiGateway::GatewayResponse") {
			headers := response.Properties["ResponseParameters"].(map[string]any)
			if got := headers["gatewayresponse.header.WWW-Authenticate"]; response.Properties["ResponseType"] == "UNAUTHORIZED" && got != challenge {
				t.Errorf("basic %v: got challenge %s, want %s", basic, got, challenge)
			}
		}
	}
}

// A stage without Basic credentials asks for none, and its authorizer knows.
func TestStageWithoutBasic(t *testing.T) {
	s := stages["dev"]
	s.Basic, s.AuthorizerConcurrency, s.PresignConcurrency = false, 7, 5
	got, err := synthesize(t, s, func(awsapigateway.RestApi) {})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(got.text, "WWW-Authenticate") || !strings.Contains(templates["dev"].text, "WWW-Authenticate") {
		t.Error("credentials are asked for, or are not where they may be given")
	}
	if basic := got.variables("Authorizer")["BASIC"]; basic != "false" {
		t.Errorf("the authorizer's BASIC is %q, want false", basic)
	}
	for name, function := range got.of("AWS::Lambda::Function") {
		want := map[string]any{"Authorizer": float64(7), "Presign": float64(5)}[name]
		if reserved := function.Properties["ReservedConcurrentExecutions"]; reserved != want {
			t.Errorf("%s reserves %v executions, want %v", name, reserved, want)
		}
		if function := templates["dev"].of("AWS::Lambda::Function")[name]; function.Properties["ReservedConcurrentExecutions"] != nil {
			t.Errorf("%s of a stage that says nothing reserves executions", name)
		}
	}
}

// synthesize makes the template of a stage with an altered API.
func synthesize(t *testing.T, s stage.Stage, alter func(awsapigateway.RestApi)) (got *template, err error) {
	t.Helper()
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("%v", fault)
		}
	}()
	outdir := t.TempDir()
	app := newApp(outdir)
	made, err := stack.New(app, stack.Name(s.Name), props(s))
	if err != nil {
		return nil, err
	}
	alter(restAPI(made))
	app.Synth(nil)
	return readTemplate(outdir, s.Name)
}

func restAPI(s awscdk.Stack) awsapigateway.RestApi {
	return s.Node().FindChild(jsii.String("Api")).(awsapigateway.RestApi)
}

// TestStageWithoutPage holds a stage that leaves the page out: no function, no role and no route of it.
func TestStageWithoutPage(t *testing.T) {
	s := stages["dev"]
	s.Page = false
	got, err := synthesize(t, s, func(awsapigateway.RestApi) {})
	if err != nil {
		t.Fatal(err)
	}
	for name := range got.Resources {
		if strings.HasPrefix(name, "Site") {
			t.Errorf("got %s", name)
		}
	}
	for _, resource := range got.of("AWS::ApiGateway::Resource") {
		if part := resource.Properties["PathPart"]; part == "assets" || part == "openapi.json" {
			t.Errorf("got a resource %v", part)
		}
	}
	settings := got.only(t, "AWS::ApiGateway::Stage").Properties["MethodSettings"].([]any)
	if len(settings) != 1 {
		t.Errorf("got %d method settings, want one for all methods", len(settings))
	}
}
