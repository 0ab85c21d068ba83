package stack

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/jsii-runtime-go"

	"postern/api"
	"postern/infra/stage"
	"postern/internal/contract"
)

const (
	// rateSeconds is the time in which AWS WAF counts the requests of an address.
	rateSeconds = 60
	// rateRule names the rule, which is its metric's name too.
	rateRule = "RateByAddress"
	// tooMany names the body of what the rule answers.
	tooMany = "too-many-requests"
)

// newFirewall puts AWS WAF in front of the API, where a stage wants it, and returns the metric of what its rule blocks. It
// is nil in other stages.
//
// The rule bounds each network address to half of what the stage's throttle lets all together send to a method, so that a
// flood from one address is refused before it takes from the throttle. WAF counts with a delay of up to half a minute.
// Source: AWS WAF Developer Guide, "Using rate-based rule statements in AWS WAF".
func newFirewall(stack awscdk.Stack, s stage.Stage, rest awsapigateway.RestApi) awscloudwatch.IMetric {
	if s.WAF != stage.RateWAF {
		return nil
	}
	firewall := awswafv2.NewCfnWebACL(stack, jsii.String("Firewall"), &awswafv2.CfnWebACLProps{
		Scope:         jsii.String("REGIONAL"),
		DefaultAction: &awswafv2.CfnWebACL_DefaultActionProperty{Allow: &awswafv2.CfnWebACL_AllowActionProperty{}},
		CustomResponseBodies: &map[string]*awswafv2.CfnWebACL_CustomResponseBodyProperty{
			tooMany: {ContentType: jsii.String("APPLICATION_JSON"), Content: jsii.String(blockedBody())},
		},
		Rules: &[]*awswafv2.CfnWebACL_RuleProperty{{
			Name:     jsii.String(rateRule),
			Priority: jsii.Number(0),
			Statement: &awswafv2.CfnWebACL_StatementProperty{RateBasedStatement: &awswafv2.CfnWebACL_RateBasedStatementProperty{
				AggregateKeyType:    jsii.String("IP"),
				EvaluationWindowSec: jsii.Number(rateSeconds),
				Limit:               jsii.Number(addressLimit(s)),
			}},
			Action: &awswafv2.CfnWebACL_RuleActionProperty{Block: &awswafv2.CfnWebACL_BlockActionProperty{
				CustomResponse: &awswafv2.CfnWebACL_CustomResponseProperty{
					ResponseCode:          jsii.Number(429),
					CustomResponseBodyKey: jsii.String(tooMany),
					ResponseHeaders:       blockedHeaders(),
				},
			}},
			VisibilityConfig: visibility(rateRule),
		}},
		VisibilityConfig: visibility(*stack.StackName()),
	})
	awswafv2.NewCfnWebACLAssociation(stack, jsii.String("FirewallAssociation"), &awswafv2.CfnWebACLAssociationProps{
		ResourceArn: rest.DeploymentStage().StageArn(),
		WebAclArn:   firewall.AttrArn(),
	})
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:  jsii.String("AWS/WAFV2"),
		MetricName: jsii.String("BlockedRequests"),
		DimensionsMap: &map[string]*string{
			"WebACL": stack.StackName(), "Region": stack.Region(), "Rule": jsii.String(rateRule),
		},
		Period: awscdk.Duration_Minutes(jsii.Number(5)), Statistic: awscloudwatch.Stats_SUM(),
	})
}

// addressLimit returns how many requests an address may send in rateSeconds. WAF takes 10 at least.
func addressLimit(s stage.Stage) int { return max(10, s.Throttle.Rate*rateSeconds/2) }

// visibility has CloudWatch count, and nobody keep samples: they would hold credentials and mails.
func visibility(metric string) *awswafv2.CfnWebACL_VisibilityConfigProperty {
	return &awswafv2.CfnWebACL_VisibilityConfigProperty{
		CloudWatchMetricsEnabled: jsii.Bool(true),
		MetricName:               jsii.String(metric),
		SampledRequestsEnabled:   jsii.Bool(false),
	}
}

// blockedBody returns the API's error. WAF has no variable for the id of the request.
func blockedBody() string {
	body, _ := json.Marshal(api.ErrorBody{Message: "too many requests from this network address: wait a minute", Code: api.TooManyRequests})
	return string(body) + "\n"
}

// blockedHeaders returns the headers of every answer of the API, sorted. WAF takes the content type from the body.
func blockedHeaders() *[]*awswafv2.CfnWebACL_CustomHTTPHeaderProperty {
	all := standardHeaders()
	maps.Copy(all, contract.RetryHeaders(rateSeconds))
	var headers []*awswafv2.CfnWebACL_CustomHTTPHeaderProperty
	for _, name := range slices.Sorted(maps.Keys(all)) {
		headers = append(headers, &awswafv2.CfnWebACL_CustomHTTPHeaderProperty{Name: jsii.String(name), Value: jsii.String(all[name])})
	}
	return &headers
}
