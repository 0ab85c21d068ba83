package stack

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stage"
	"postern/internal/contract"
)

// requestHeaders lists the headers that a page may send to the API. The asterisk covers all but Authorization, whatever a tracer or a
// library adds. The usual ones are listed for browsers that do not know it.
// Source: Fetch Standard, "CORS protocol and credentials".
var requestHeaders = []string{
	"Authorization", "*", "Content-Type", "If-Match", "Cache-Control", "Pragma", "X-Requested-With", "Traceparent", "Tracestate", "Baggage",
}

// routes returns the contract's routes that a stage has.
func routes(s stage.Stage) []contract.Route {
	return slices.DeleteFunc(slices.Clone(contract.Routes), func(r contract.Route) bool { return r.Function == contract.Site && !s.Page })
}

// addRoutes creates the resources and methods of the stage's routes.
func addRoutes(stack awscdk.Stack, api awsapigateway.RestApi, s stage.Stage, functions map[contract.Function]awslambda.Function) {
	authorizer := awsapigateway.NewRequestAuthorizer(stack, jsii.String("RequestAuthorizer"), &awsapigateway.RequestAuthorizerProps{
		Handler:         functions[contract.Authorizer],
		IdentitySources: &[]*string{awsapigateway.IdentitySource_Header(jsii.String("Authorization"))},
		// A cached answer would serve requests for other mails.
		ResultsCacheTtl: awscdk.Duration_Seconds(jsii.Number(0)),
	})
	for _, route := range routes(s) {
		integration := mock(route.Answer + "\n")
		options := &awsapigateway.MethodOptions{
			AuthorizationType: awsapigateway.AuthorizationType_CUSTOM,
			Authorizer:        authorizer,
			RequestParameters: requestParameters(route),
		}
		if route.Public {
			options.AuthorizationType = awsapigateway.AuthorizationType_NONE
			options.Authorizer = nil
		}
		if route.Function != "" {
			integration = proxy(stack, functions[route.Function])
		} else {
			options.MethodResponses = mockResponses()
		}
		method := api.Root().ResourceForPath(jsii.String(route.Path)).AddMethod(jsii.String(route.Method), integration, options)
		exempt(method, methodExemptions(route))
	}
	addPreflights(api, s)
}

// methodExemptions are those of a route's method.
func methodExemptions(route contract.Route) exemptions {
	if route.Public {
		const public = "The route table says that anybody may call it."
		return exemptions{"AwsSolutions-APIG4": public, "AwsSolutions-COG4": public}
	}
	return exemptions{"AwsSolutions-COG4": "The stage's own authorizer looks at passwords, keys, and tokens of any issuer that the stage names."}
}

// addPreflights creates the methods that answer a browser's preflight request.
func addPreflights(api awsapigateway.RestApi, s stage.Stage) {
	methods := map[string][]string{}
	for _, route := range routes(s) {
		methods[route.Path] = append(methods[route.Path], route.Method)
	}
	for _, path := range slices.Sorted(maps.Keys(methods)) {
		slices.Sort(methods[path])
		api.Root().ResourceForPath(jsii.String(path)).AddCorsPreflight(&awsapigateway.CorsOptions{
			// Any page may ask: there are no cookies that a browser would add by itself.
			AllowOrigins: jsii.Strings("*"),
			AllowMethods: jsii.Strings(methods[path]...),
			AllowHeaders: jsii.Strings(requestHeaders...),
			MaxAge:       awscdk.Duration_Hours(jsii.Number(1)),
		})
	}
}

// requestParameters returns what a route reads besides path and body: parameter to whether it is required, which none is.
func requestParameters(route contract.Route) *map[string]*bool {
	parameters := make(map[string]*bool, len(route.Query))
	for _, query := range route.Query {
		parameters["method.request.querystring."+query.Name] = jsii.Bool(false)
	}
	if route.Conditional {
		parameters["method.request.header.If-Match"] = jsii.Bool(false)
	}
	return &parameters
}

// proxy hands a request to a function. CDK's own integration would add two permissions for each method.
func proxy(stack awscdk.Stack, function awslambda.Function) awsapigateway.Integration {
	return awsapigateway.NewIntegration(&awsapigateway.IntegrationProps{
		Type:                  awsapigateway.IntegrationType_AWS_PROXY,
		IntegrationHttpMethod: jsii.String("POST"),
		Uri: jsii.Sprintf("arn:%s:apigateway:%s:lambda:path/2015-03-31/functions/%s/invocations",
			*stack.Partition(), *stack.Region(), *function.FunctionArn()),
	})
}

// mock answers 200 with a body, without a function.
func mock(body string) awsapigateway.Integration {
	return awsapigateway.NewMockIntegration(&awsapigateway.IntegrationOptions{
		PassthroughBehavior: awsapigateway.PassthroughBehavior_NEVER,
		RequestTemplates:    &map[string]*string{"application/json": jsii.String(`{"statusCode":200}`)},
		IntegrationResponses: &[]*awsapigateway.IntegrationResponse{{
			StatusCode:         jsii.String("200"),
			ResponseParameters: quoted("method.response.header.", standardHeaders()),
			ResponseTemplates:  &map[string]*string{"application/json": jsii.String(body)},
		}},
	})
}

func mockResponses() *[]*awsapigateway.MethodResponse {
	parameters := map[string]*bool{}
	for name := range standardHeaders() {
		parameters["method.response.header."+name] = jsii.Bool(true)
	}
	return &[]*awsapigateway.MethodResponse{{StatusCode: jsii.String("200"), ResponseParameters: &parameters}}
}

// allowInvocation lets the API's one stage invoke the functions of its routes: one permission for each function.
func allowInvocation(stack awscdk.Stack, api awsapigateway.RestApi, s stage.Stage, functions map[contract.Function]awslambda.Function) {
	for _, name := range functionNames(s) {
		if !slices.ContainsFunc(contract.Routes, func(r contract.Route) bool { return r.Function == name }) {
			continue
		}
		id := *functions[name].Node().Id() + "Invocation"
		awslambda.NewCfnPermission(stack, jsii.String(id), &awslambda.CfnPermissionProps{
			Action:       jsii.String("lambda:InvokeFunction"),
			FunctionName: functions[name].FunctionArn(),
			Principal:    jsii.String("apigateway.amazonaws.com"),
			SourceArn:    api.ArnForExecuteApi(jsii.String("*"), jsii.String("/*"), jsii.String(contract.BasePath)),
		})
	}
}

// authorizedMethods fails the synthesis if anybody could call a method. Preflights, and routes that the contract declares
// public, are exempt.
type authorizedMethods struct {
	stack awscdk.Stack
}

// Validate implements constructs.IValidation. It returns an error for each open method.
func (a *authorizedMethods) Validate() *[]*string {
	paths := map[string]string{} // by resource id, which is a token
	var methods []awsapigateway.CfnMethod
	for _, node := range *a.stack.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		switch resource := node.(type) {
		case awsapigateway.Resource:
			paths[*resource.ResourceId()] = *resource.Path()
		case awsapigateway.CfnMethod:
			methods = append(methods, resource)
		}
	}
	open := []*string{}
	for _, method := range methods {
		if isOpen(method, paths[*method.ResourceId()]) {
			open = append(open, jsii.Sprintf("%s has no authorizer, and the route table does not say that it is public", *method.Node().Path()))
		}
	}
	return &open
}

// isOpen reports whether a method lacks the authorizer that it needs.
func isOpen(method awsapigateway.CfnMethod, path string) bool {
	name, kind := *method.HttpMethod(), method.AuthorizationType()
	if name == "OPTIONS" {
		return false
	}
	route, known := contract.RouteOf(path, name)
	authorized := kind != nil && *kind == string(awsapigateway.AuthorizationType_CUSTOM) && method.AuthorizerId() != nil
	return !authorized && (!known || !route.Public)
}
