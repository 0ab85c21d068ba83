package cost_test

import (
	"math"
	"os"
	"strings"
	"testing"

	"postern/infra/cost"
	"postern/internal/cfn"
)

func golden(t *testing.T, stage string) *cfn.Template {
	t.Helper()
	template, err := cfn.ReadTemplate("Postern-"+stage, "../stack/testdata/"+stage+".template.json")
	if err != nil {
		t.Fatal(err)
	}
	return template
}

var aMillion = cost.Traffic{Uploads: 1_000_000, AverageSize: 10 << 20}

func dollars(lines []cost.Line, feature string) float64 {
	for _, l := range lines {
		if l.Feature == feature {
			return l.Dollars
		}
	}
	return 0
}

func isCents(got, want float64) bool { return math.Abs(got-want) < 0.005 }

// TestTutorial: the stack that Postern replaces costs 4.24 dollars for a million signed forms.
func TestTutorial(t *testing.T) {
	lines := cost.Tutorial(aMillion)
	if got := dollars(lines, "API requests") + dollars(lines, "Signatures (presign)"); !isCents(got, 4.24) {
		t.Errorf("got %.2f, want 4.24", got)
	}
}

// TestMonth compares a stage's lines with sums made by hand.
func TestMonth(t *testing.T) {
	lines := cost.Month(golden(t, "prod"), aMillion)
	for feature, want := range map[string]float64{
		"API requests":                   2 * 3.50,
		"Requests that store":            5,
		"Verdicts (inspect): S3":         5 + 3*0.40 + 0.65,
		"Events":                         1,
		"Metrics":                        20 * 0.30,
		"Alarms":                         22*0.10 + 0.50,
		"Firewall":                       5 + 1 + 2*0.60,
		"Secrets and keys":               0.40,
		"Who calls (authorizer)":         0.40 + 10_000*1769.0/1024*0.0000133334,
		"Verdicts (inspect)":             0.20 + 150_000*0.5*0.0000133334,
		"Traces":                         5 * (2.628 + 0.05*(5-2.628)),
		"Files, a month's, kept a month": 1e7 / 1024 * 0.023,
	} {
		if got := dollars(lines, feature); !isCents(got, want) {
			t.Errorf("%s: got %.3f, want %.3f", feature, got, want)
		}
	}
}

// TestCostFollowsTheTemplate takes from a template what costs something, and sees the cost fall.
func TestCostFollowsTheTemplate(t *testing.T) {
	for _, kind := range []string{
		"AWS::ApiGateway::RestApi", "AWS::Lambda::Function", "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Lambda::EventSourceMapping", "AWS::Logs::LogGroup",
		"AWS::Logs::MetricFilter", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::WAFv2::WebACL", "AWS::SecretsManager::Secret",
	} {
		template := golden(t, "prod")
		before := cost.Total(cost.Month(template, aMillion))
		for id, r := range template.Resources {
			if r.Type == kind {
				delete(template.Resources, id)
			}
		}
		if after := cost.Total(cost.Month(template, aMillion)); after > before-0.1 {
			t.Errorf("without %s it costs %.2f, as with it %.2f", kind, after, before)
		}
	}
	for name, change := range map[string]func(cfn.Resource){
		"more memory": func(r cfn.Resource) { r.Properties["MemorySize"] = "10240" },
		"x86":         func(r cfn.Resource) { r.Properties["Architectures"] = []any{"x86_64"} },
		"longer kept": func(r cfn.Resource) { r.Properties["RetentionInDays"] = "3653" },
		"more rules":  func(r cfn.Resource) { r.Properties["Rules"] = []any{1, 2, 3} },
		"a dimension": func(r cfn.Resource) {
			r.Properties["MetricTransformations"] = []any{map[string]any{"Dimensions": []any{map[string]any{"Key": "reason"}}}}
		},
	} {
		kind := map[string]string{"longer kept": "AWS::Logs::LogGroup", "more rules": "AWS::WAFv2::WebACL", "a dimension": "AWS::Logs::MetricFilter"}[name]
		if kind == "" {
			kind = "AWS::Lambda::Function"
		}
		template := golden(t, "prod")
		before := cost.Total(cost.Month(template, aMillion))
		for _, r := range template.Resources {
			if r.Type == kind {
				change(r)
			}
		}
		if after := cost.Total(cost.Month(template, aMillion)); after < before+0.01 {
			t.Errorf("with %s it costs %.2f, as before %.2f", name, after, before)
		}
	}
}

// TestCostOfChoices: what a stage chooses to keep costs by how long, and others pay nothing for it.
func TestCostOfChoices(t *testing.T) {
	lines := cost.Month(golden(t, "choices"), aMillion)
	for feature, want := range map[string]float64{
		"Copies in a vault": 700e6 / (1 << 30) * 90 * 0.10,
		"Log of objects":    5 * 1000e6 / (1 << 30) * 90 / (730.0 / 24) * 0.023,
	} {
		if got := dollars(lines, feature); !isCents(got, want) {
			t.Errorf("%s: got %.3f, want %.3f", feature, got, want)
		}
		if got := dollars(cost.Month(golden(t, "prod"), aMillion), feature); got != 0 {
			t.Errorf("%s of a stage without: got %.3f", feature, got)
		}
	}
}

// TestStageWithoutTraces: what nobody traces costs nothing.
func TestStageWithoutTraces(t *testing.T) {
	template := golden(t, "prod")
	for _, r := range template.Resources {
		delete(r.Properties, "TracingConfig")
	}
	if got := dollars(cost.Month(template, aMillion), "Traces"); got != 0 {
		t.Errorf("got %.2f, want nothing", got)
	}
}

// TestMethodMetrics: what a stage chooses to count costs by its methods.
func TestMethodMetrics(t *testing.T) {
	template := golden(t, "prod")
	if got := dollars(cost.Month(template, aMillion), "Metrics of each method"); got != 0 {
		t.Errorf("got %.2f, want nothing", got)
	}
	methods := 0.0
	for _, r := range template.Resources {
		switch r.Type {
		case "AWS::ApiGateway::Method":
			methods++
		case "AWS::ApiGateway::Stage":
			r.Properties["MethodSettings"].([]any)[0].(map[string]any)["MetricsEnabled"] = "true"
		}
	}
	if got, want := dollars(cost.Month(template, aMillion), "Metrics of each method"), methods*5*0.30; !isCents(got, want) {
		t.Errorf("got %.2f, want %.2f", got, want)
	}
}

// TestLargeFilesAreSentInParts: each part is a request.
func TestLargeFilesAreSentInParts(t *testing.T) {
	lines := cost.Month(golden(t, "prod"), cost.Traffic{Uploads: 1000, AverageSize: 1 << 30})
	if got, want := dollars(lines, "Requests that store"), 1000*66*0.005/1000; !isCents(got, want) {
		t.Errorf("got %.3f, want %.3f", got, want)
	}
}

// TestTrafficIsTheTemplates: a template tells the stage's traffic, and a strange one the default.
func TestTrafficIsTheTemplates(t *testing.T) {
	template := golden(t, "dev")
	if got := cost.TrafficOf(template); got != cost.DefaultTraffic {
		t.Errorf("got %+v, want the default", got)
	}
	stated, ok := template.Metadata[cost.Metadata].(map[string]any)
	if !ok {
		t.Fatalf("the template states no traffic: %v", template.Metadata)
	}
	stated["UploadsPerMonth"], stated["AverageSize"] = "7", "x"
	if got, want := cost.TrafficOf(template), (cost.Traffic{Uploads: 7, AverageSize: cost.DefaultTraffic.AverageSize}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestOperationsPage compares the table of docs/operations.md with the code.
func TestOperationsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := cost.Table(golden(t, "prod"), aMillion); !strings.Contains(string(page), "\n"+want) {
		t.Errorf("docs/operations.md must have this table:\n%s", want)
	}
	if !strings.Contains(string(page), "typed on "+cost.Date) {
		t.Errorf("docs/operations.md must say that the prices were typed on %s", cost.Date)
	}
}
