package stack_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/infra/stage"
	"postern/internal/contract"
)

func TestFirewall(t *testing.T) {
	visibility := func(metric string) map[string]any {
		return map[string]any{"CloudWatchMetricsEnabled": true, "MetricName": metric, "SampledRequestsEnabled": false}
	}
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		firewalls, associations := template.of("AWS::WAFv2::WebACL"), template.of("AWS::WAFv2::WebACLAssociation")
		if s.WAF == stage.NoWAF {
			if len(firewalls)+len(associations) != 0 {
				t.Errorf("got %v, %v, want none", firewalls, associations)
			}
			return
		}
		got := written(template.only(t, "AWS::WAFv2::WebACL").Properties).(map[string]any)
		delete(got, "Tags")
		rule := got["Rules"].([]any)[0].(map[string]any)
		response := rule["Action"].(map[string]any)["Block"].(map[string]any)["CustomResponse"].(map[string]any)
		checkBlocked(t, got["CustomResponseBodies"].(map[string]any)[response["CustomResponseBodyKey"].(string)], response)
		delete(got, "CustomResponseBodies")
		delete(response, "ResponseHeaders")
		want := map[string]any{
			"Scope": "REGIONAL", "DefaultAction": map[string]any{"Allow": map[string]any{}}, "VisibilityConfig": visibility("Postern-" + s.Name),
			"Rules": []any{map[string]any{
				"Name": "RateByAddress", "Priority": 0.0, "VisibilityConfig": visibility("RateByAddress"),
				"Statement": map[string]any{"RateBasedStatement": map[string]any{
					"AggregateKeyType": "IP", "EvaluationWindowSec": 60.0, "Limit": float64(s.Throttle.Rate * 30),
				}},
				"Action": map[string]any{"Block": map[string]any{"CustomResponse": map[string]any{"ResponseCode": 429.0, "CustomResponseBodyKey": "too-many-requests"}}},
			}},
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("properties (-got +want):\n%s", diff)
		}
		association := written(template.only(t, "AWS::WAFv2::WebACLAssociation").Properties)
		if diff := cmp.Diff(association, any(map[string]any{
			"ResourceArn": "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${Api}/stages/${ApiDeploymentStageapi}",
			"WebACLArn":   "${Firewall.Arn}",
		})); diff != "" {
			t.Errorf("association (-got +want):\n%s", diff)
		}
	})
}

// checkBlocked holds what a blocked client gets to the API's own answers.
func checkBlocked(t *testing.T, body any, response map[string]any) {
	t.Helper()
	var got api.ErrorBody
	content := body.(map[string]any)
	if err := json.Unmarshal([]byte(content["Content"].(string)), &got); err != nil || content["ContentType"] != "APPLICATION_JSON" {
		t.Fatalf("got %v, %v, want JSON", content, err)
	}
	if want := (api.ErrorBody{Message: "too many requests from this network address: wait a minute", Code: "too_many_requests"}); got != want {
		t.Errorf("body: got %+v, want %+v", got, want)
	}
	want := contract.RetryHeaders(60)
	for name, value := range contract.Headers {
		if name != "Content-Type" { // which WAF sets itself, and lets nobody set
			want[name] = value
		}
	}
	headers := map[string]string{}
	for _, header := range response["ResponseHeaders"].([]any) {
		header := header.(map[string]any)
		headers[header["Name"].(string)] = header["Value"].(string)
	}
	if diff := cmp.Diff(headers, want); diff != "" {
		t.Errorf("headers (-got +want):\n%s", diff)
	}
}

// TestManagedRules holds a stage that wants rules of AWS, too. Those that would refuse what people upload only count.
func TestManagedRules(t *testing.T) {
	s := stages["dev"]
	s.WAF = stage.ManagedWAF
	template, err := synthesize(t, s, func(awsapigateway.RestApi) {})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(template.text, `AWS/WAFV2\",\"BlockedRequests`); got != 3 {
		t.Errorf("the dashboard counts what %d rules block, want 3", got)
	}
	rules := template.only(t, "AWS::WAFv2::WebACL").Properties["Rules"].([]any)
	if len(rules) != 3 || rules[0].(map[string]any)["Name"] != "RateByAddress" {
		t.Fatalf("got %d rules, want the rate and two groups: %v", len(rules), rules)
	}
	for i, want := range []struct {
		name    string
		counted []string
	}{
		{"AWSManagedRulesKnownBadInputsRuleSet", nil},
		{"AWSManagedRulesCommonRuleSet", []string{
			"SizeRestrictions_BODY", "CrossSiteScripting_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "EC2MetaDataSSRF_BODY",
			"CrossSiteScripting_QUERYARGUMENTS", "RestrictedExtensions_URIPATH", "RestrictedExtensions_QUERYARGUMENTS",
		}},
	} {
		rule := rules[i+1].(map[string]any)
		group := rule["Statement"].(map[string]any)["ManagedRuleGroupStatement"].(map[string]any)
		if group["VendorName"] != "AWS" || group["Name"] != want.name || rule["Priority"] != float64(i+1) {
			t.Errorf("got %v, want group %s", rule, want.name)
		}
		if diff := cmp.Diff(rule["OverrideAction"], any(map[string]any{"None": map[string]any{}})); diff != "" {
			t.Errorf("%s does not block (-got +want):\n%s", want.name, diff)
		}
		if visible := rule["VisibilityConfig"].(map[string]any); visible["SampledRequestsEnabled"] != false || visible["MetricName"] != want.name {
			t.Errorf("%s: got %v, want its count, and no samples", want.name, visible)
		}
		var counted []string
		overrides, _ := group["RuleActionOverrides"].([]any)
		for _, o := range overrides {
			o := o.(map[string]any)
			if diff := cmp.Diff(o["ActionToUse"], any(map[string]any{"Count": map[string]any{}})); diff != "" {
				t.Errorf("%v (-got +want):\n%s", o["Name"], diff)
			}
			counted = append(counted, o["Name"].(string))
		}
		if diff := cmp.Diff(counted, want.counted); diff != "" {
			t.Errorf("%s counts (-got +want):\n%s", want.name, diff)
		}
	}
}
