package stack_test

import (
	"encoding/json"
	"testing"

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
