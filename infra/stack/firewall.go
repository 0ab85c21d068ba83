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

// blockedBy returns the metric of what a rule of the firewall blocks.
func blockedBy(stack awscdk.Stack, rule string) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:  jsii.String("AWS/WAFV2"),
		MetricName: jsii.String("BlockedRequests"),
		DimensionsMap: &map[string]*string{
			"WebACL": stack.StackName(), "Region": stack.Region(), "Rule": jsii.String(rule),
		},
		Period: awscdk.Duration_Minutes(jsii.Number(5)), Statistic: awscloudwatch.Stats_SUM(),
	})
}

// newFirewall puts AWS WAF in front of the API, where a stage wants it, and returns the metric of what each of its rules blocks,
// that of the rate first. It is empty in other stages.
//
// The rule bounds each network address to half of what the stage's throttle lets all together send to a method, so that a
// flood from one address is refused before it takes from the throttle. WAF counts with a delay of up to half a minute.
// Source: AWS WAF Developer Guide, "Using rate-based rule statements in AWS WAF".
func newFirewall(stack awscdk.Stack, s stage.Stage, rest awsapigateway.RestApi) []awscloudwatch.IMetric {
	if s.WAF == stage.NoWAF {
		return nil
	}
	firewall := awswafv2.NewCfnWebACL(stack, jsii.String("Firewall"), &awswafv2.CfnWebACLProps{
		Scope:         jsii.String("REGIONAL"),
		DefaultAction: &awswafv2.CfnWebACL_DefaultActionProperty{Allow: &awswafv2.CfnWebACL_AllowActionProperty{}},
		CustomResponseBodies: &map[string]*awswafv2.CfnWebACL_CustomResponseBodyProperty{
			tooMany: {ContentType: jsii.String("APPLICATION_JSON"), Content: jsii.String(blockedBody())},
		},
		Rules:            firewallRules(s),
		VisibilityConfig: visibility(*stack.StackName()),
	})
	awswafv2.NewCfnWebACLAssociation(stack, jsii.String("FirewallAssociation"), &awswafv2.CfnWebACLAssociationProps{
		ResourceArn: rest.DeploymentStage().StageArn(),
		WebAclArn:   firewall.AttrArn(),
	})
	var blocked []awscloudwatch.IMetric
	for _, rule := range *firewallRules(s) {
		blocked = append(blocked, blockedBy(stack, *rule.Name))
	}
	return blocked
}

// firewallRules returns the rules of a stage. That of the rate comes first: what it blocks costs no further rule.
func firewallRules(s stage.Stage) *[]*awswafv2.CfnWebACL_RuleProperty {
	rules := []*awswafv2.CfnWebACL_RuleProperty{{
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
	}}
	if s.WAF == stage.ManagedWAF {
		rules = append(rules, managedRules("AWSManagedRulesKnownBadInputsRuleSet", 1), managedRules("AWSManagedRulesCommonRuleSet", 2, countedOnly...))
	}
	return &rules
}

// countedOnly lists the common rules that would refuse what people upload. They count, and block nothing: bodies are JSON with
// names, titles and texts of people, and up to 500 parts in one; ids end with the extension of a file, which may be log or ini.
// Source: AWS WAF Developer Guide, "Core rule set (CRS) managed rule group".
var countedOnly = []string{
	"SizeRestrictions_BODY", "CrossSiteScripting_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "EC2MetaDataSSRF_BODY",
	"CrossSiteScripting_QUERYARGUMENTS", "RestrictedExtensions_URIPATH", "RestrictedExtensions_QUERYARGUMENTS",
}

// managedRules returns a group of rules that AWS keeps. What it blocks is answered as WAF_FILTERED, with the API's own error.
func managedRules(group string, priority float64, counted ...string) *awswafv2.CfnWebACL_RuleProperty {
	var overrides []*awswafv2.CfnWebACL_RuleActionOverrideProperty
	for _, name := range counted {
		overrides = append(overrides, &awswafv2.CfnWebACL_RuleActionOverrideProperty{
			Name: jsii.String(name), ActionToUse: &awswafv2.CfnWebACL_RuleActionProperty{Count: &awswafv2.CfnWebACL_CountActionProperty{}},
		})
	}
	statement := &awswafv2.CfnWebACL_ManagedRuleGroupStatementProperty{VendorName: jsii.String("AWS"), Name: jsii.String(group)}
	if len(overrides) > 0 {
		statement.RuleActionOverrides = &overrides
	}
	return &awswafv2.CfnWebACL_RuleProperty{
		Name:             jsii.String(group),
		Priority:         jsii.Number(priority),
		Statement:        &awswafv2.CfnWebACL_StatementProperty{ManagedRuleGroupStatement: statement},
		OverrideAction:   &awswafv2.CfnWebACL_OverrideActionProperty{None: map[string]any{}},
		VisibilityConfig: visibility(group),
	}
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
