package stack_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/google/go-cmp/cmp"

	"postern/infra/stage"
)

// TestDomain reads the domain of a stage that has one, and its record.
func TestDomain(t *testing.T) {
	for kind, want := range map[string]map[string]any{
		"AWS::ApiGateway::DomainName": {
			"DomainName":             "uploads.example.com",
			"RegionalCertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
			"EndpointConfiguration":  map[string]any{"Types": []any{"REGIONAL"}},
			"SecurityPolicy":         "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09",
			"EndpointAccessMode":     "STRICT",
		},
		"AWS::ApiGateway::BasePathMapping": {
			"DomainName": "${Domain}", "BasePath": "api", "RestApiId": "${Api}", "Stage": "${ApiDeploymentStageapi}",
		},
		"AWS::Route53::RecordSet": {
			"HostedZoneId": "Z0123456789ABC", "Name": "uploads.example.com", "Type": "A",
			"AliasTarget": map[string]any{"DNSName": "${Domain.RegionalDomainName}", "HostedZoneId": "${Domain.RegionalHostedZoneId}"},
		},
	} {
		got := written(choices.only(t, kind).Properties).(map[string]any)
		delete(got, "Tags")
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", kind, diff)
		}
	}
	if got := choices.only(t, "AWS::ApiGateway::RestApi").Properties["DisableExecuteApiEndpoint"]; got != true {
		t.Errorf("API Gateway's own host: got disabled %v, want true", got)
	}
	if got, want := write(choices.Outputs["ApiUrl"].Value), "https://uploads.example.com/api/"; got != want {
		t.Errorf("ApiUrl: got %s, want %s", got, want)
	}
	if got, ok := choices.Outputs["DomainTarget"]; ok {
		t.Errorf("DomainTarget: got %v, want none: the stack makes the record", got)
	}
	cors := choices.of("AWS::S3::Bucket")["Uploads"].Properties["CorsConfiguration"].(map[string]any)["CorsRules"].([]any)[0].(map[string]any)
	if diff := cmp.Diff(cors["AllowedOrigins"], any([]any{"https://app.example.com", "https://uploads.example.com"})); diff != "" {
		t.Errorf("who may use the bucket (-got +want):\n%s", diff)
	}
	if len(templates["prod"].of("AWS::ApiGateway::DomainName")) != 0 {
		t.Error("a stage that says nothing has a domain")
	}
}

// TestDomainWithoutAZone says which record to make. Where API Gateway's own host stays, the deployment is another: a change
// of it is felt only then.
func TestDomainWithoutAZone(t *testing.T) {
	made := map[bool]*template{}
	for _, keep := range []bool{false, true} {
		s := stages["dev"]
		s.Domain = &stage.Domain{Name: "uploads.example.com", Certificate: "arn:aws:acm:eu-central-1:123456789012:certificate/1a-2b", DefaultHost: keep}
		var err error
		if made[keep], err = synthesize(t, s, func(awsapigateway.RestApi) {}); err != nil {
			t.Fatal(err)
		}
		if got, want := write(made[keep].Outputs["DomainTarget"].Value), "${Domain.RegionalDomainName}"; got != want {
			t.Errorf("DomainTarget: got %s, want %s", got, want)
		}
		if got := made[keep].of("AWS::Route53::RecordSet"); len(got) != 0 {
			t.Errorf("got a record without a zone: %v", got)
		}
	}
	if got := made[true].only(t, "AWS::ApiGateway::RestApi").Properties["DisableExecuteApiEndpoint"]; got != nil {
		t.Errorf("API Gateway's own host: got disabled %v, want it left alone", got)
	}
	deployment := func(of *template) string {
		return write(of.only(t, "AWS::ApiGateway::Stage").Properties["DeploymentId"].(map[string]any)["Ref"])
	}
	if a, b := deployment(made[true]), deployment(made[false]); a == b {
		t.Errorf("got the same deployment %s with and without the host", a)
	}
}
