package stack

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stage"
	"postern/internal/contract"
)

// The API speaks TLS 1.2 with forward secrecy or 1.3, and only under its own host name. CDK's constant lacks the prefix
// that API Gateway wants.
// Source: API Gateway Developer Guide, "Security policies for REST APIs in API Gateway".
const (
	securityPolicy     = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
	endpointAccessMode = "STRICT"
)

// minCompression is the smallest answer that is compressed for clients that take gzip, in bytes. A smaller one fits into one
// packet.
const minCompression = 1024

// newAPI creates the REST API with every route of the contract.
func newAPI(stack awscdk.Stack, s stage.Stage, functions map[contract.Function]awslambda.Function, accessLogs awslogs.LogGroup) awsapigateway.RestApi {
	api := awsapigateway.NewRestApi(stack, jsii.String("Api"), &awsapigateway.RestApiProps{
		// A label, not a physical name: it need not be unique.
		RestApiName:    stack.StackName(),
		EndpointTypes:  &[]awsapigateway.EndpointType{awsapigateway.EndpointType_REGIONAL},
		CloudWatchRole: jsii.Bool(false),
		// 500 signed parts are 1 MB that says the same again and again.
		MinCompressionSize: awscdk.Size_Bytes(jsii.Number(minCompression)),
		DeployOptions: &awsapigateway.StageOptions{
			StageName:            jsii.String(contract.BasePath),
			AccessLogDestination: awsapigateway.NewLogGroupLogDestination(accessLogs),
			AccessLogFormat:      awsapigateway.AccessLogFormat_Custom(jsii.String(accessLog(s.LogAddresses))),
			// A trace names the URL of its request, and the query holds a mail.
			TracingEnabled:       jsii.Bool(false),
			MetricsEnabled:       jsii.Bool(s.MethodMetrics),
			ThrottlingRateLimit:  jsii.Number(s.Throttle.Rate),
			ThrottlingBurstLimit: jsii.Number(s.Throttle.Burst),
			MethodOptions:        siteThrottle(s),
		},
	})
	// The stack has an output of its own for the address.
	api.Node().TryRemoveChild(jsii.String("Endpoint"))
	definition := api.Node().DefaultChild().(awsapigateway.CfnRestApi)
	definition.SetSecurityPolicy(jsii.String(securityPolicy))
	definition.SetEndpointAccessMode(jsii.String(endpointAccessMode))
	if s.Domain != nil && !s.Domain.DefaultHost {
		definition.SetDisableExecuteApiEndpoint(jsii.Bool(true))
	}
	exempt(api, exemptions{"AwsSolutions-APIG2": "The functions read each body and parameter strictly, and say what a person can do. API Gateway's own refusal could not."})
	exempt(api.DeploymentStage(), stageExemptions(s))

	if s.APIGatewayLogRole == stage.CreateLogRole {
		api.DeploymentStage().Node().AddDependency(newLogRole(stack))
	}
	addGatewayResponses(api, s)
	addRoutes(stack, api, s, functions)
	allowInvocation(stack, api, s, functions)
	return api
}

// Anybody may load the site, so its methods have a throttle of their own: they cannot take the functions of others, and cost
// little. Requests a second, and at once.
const (
	siteRate  = 20
	siteBurst = 100
)

// stageExemptions are those of the API's one stage.
func stageExemptions(s stage.Stage) exemptions {
	all := exemptions{
		"AwsSolutions-APIG6":          "The execution log has the whole query, which holds a mail. The access log says who called what without it.",
		"Serverless-APIGWXrayEnabled": "A trace names the URL of its request, and the query holds a mail.",
	}
	if s.WAF == stage.NoWAF {
		all["AwsSolutions-APIG3"] = "The stage has waf off: it costs by the month. The throttle bounds what a flood can cost."
	}
	return all
}

// siteThrottle returns the throttle of each method of the site, by path and method. CDK takes both in one text.
func siteThrottle(s stage.Stage) *map[string]*awsapigateway.MethodDeploymentOptions {
	options := map[string]*awsapigateway.MethodDeploymentOptions{}
	for _, route := range routes(s) {
		if route.Function == contract.Site {
			options[route.Path+"/"+route.Method] = &awsapigateway.MethodDeploymentOptions{
				ThrottlingRateLimit:  jsii.Number(siteRate),
				ThrottlingBurstLimit: jsii.Number(siteBurst),
				MetricsEnabled:       jsii.Bool(s.MethodMetrics),
			}
		}
	}
	return &options
}

// logMember is a member of the access log's lines, and the variable of which API Gateway takes its value.
type logMember struct{ name, variable string }

// accessLog returns the format of a log line: who did what, for whom, and how long it took. It is JSON, without the
// request's path, query and headers, since each can hold a mail, and without the address unless withAddress.
// Source: API Gateway Developer Guide, "Variables for access logging for API Gateway".
func accessLog(withAddress bool) string {
	all := []logMember{
		{"requestId", "requestId"},
		{"time", "requestTime"},
		{"method", "httpMethod"},
		{"resource", "resourcePath"},
		{"status", "status"},
		// Owners, not mails. A denial has no owner: nobody was acted for.
		{"caller", "authorizer.principalId"},
		{"owner", "authorizer.owner"},
		{"role", "authorizer.role"},
		{"latency", "responseLatency"},
		{"integrationLatency", "integration.latency"},
		{"authorizerLatency", "authorizer.latency"},
		{"responseType", "error.responseType"},
	}
	if withAddress {
		all = append(all, logMember{"address", "identity.sourceIp"})
	}
	var members []string
	for _, member := range all {
		// All are strings, because a variable without a value is a dash.
		members = append(members, fmt.Sprintf(`"%s":"$context.%s"`, member.name, member.variable))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// newLogRole creates the role with which API Gateway writes access logs. All APIs of the account share one in each region, so
// it outlives the stack.
func newLogRole(stack awscdk.Stack) awsapigateway.CfnAccount {
	// API Gateway refuses a role that lacks one of these, on every log group: the actions of AWS's managed policy
	// AmazonAPIGatewayPushToCloudWatchLogs.
	logs := allow("Logs", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
		"logs:PutLogEvents", "logs:GetLogEvents", "logs:FilterLogEvents").on(jsii.String("*"))
	// API Gateway acts for every account of AWS: it takes the role for this one only.
	// Source: IAM User Guide, "The confused deputy problem".
	gateway := awsiam.NewServicePrincipal(jsii.String("apigateway.amazonaws.com"), &awsiam.ServicePrincipalOpts{
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": stack.Account()}},
	})
	role := newRole(stack, "ApiGatewayLogRole", gateway, []*statement{logs})
	role.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN)
	exempt(role, exemptions{"AwsSolutions-IAM5": "API Gateway refuses a role that may do less, or on fewer log groups."})
	account := awsapigateway.NewCfnAccount(stack, jsii.String("ApiGatewayAccount"), &awsapigateway.CfnAccountProps{
		CloudWatchRoleArn: role.RoleArn(),
	})
	account.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
	return account
}
