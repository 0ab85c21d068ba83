package stack_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/infra/stage"
)

// An alarmRow is an alarm in short. Each treats what is missing as fine, and is raised above its threshold.
type alarmRow struct {
	page       string
	metric     string // namespace and name
	dimensions string
	statistic  string
	period     float64
	periods    float64
	threshold  float64
}

func TestAlarms(t *testing.T) {
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		got := map[string]alarmRow{}
		for name, alarm := range template.of("AWS::CloudWatch::Alarm") {
			got[name] = readAlarm(t, name, alarm)
		}
		if diff := cmp.Diff(got, wantAlarms(s), cmp.AllowUnexported(alarmRow{})); diff != "" {
			t.Errorf("alarms (-got +want):\n%s", diff)
		}
	})
}

func wantAlarms(s stage.Stage) map[string]alarmRow {
	stack := "Postern-" + s.Name
	want := map[string]alarmRow{
		"DeadLettersNotEmpty": {"DeadLettersNotEmpty", "AWS/SQS ApproximateNumberOfMessagesVisible", "QueueName=${DeadLetters.QueueName}", "Maximum", 60, 1, 0},
		"InspectionsLate":     {"InspectionsLate", "AWS/SQS ApproximateAgeOfOldestMessage", "QueueName=${Inspections.QueueName}", "Maximum", 60, 1, 5 * 60},
		"BytesUnrecorded":     {"BytesUnrecorded", stack + " Overdue", "", "Sum", 300, 1, 0},
		"CallersRefused":      {"CallersRefused", stack + " Refusals", "", "Sum", 300, 1, 100},
		"CallersThrottled":    {"CallersThrottled", stack + " Throttles", "", "Sum", 300, 1, 100},
		"ApiFails":            {"ApiFails", "AWS/ApiGateway 5XXError", "ApiName=" + stack + " Stage=${ApiDeploymentStageapi}", "Sum", 300, 1, 5},
		"ApiSlow":             {"ApiSlow", "AWS/ApiGateway Latency", "ApiName=" + stack + " Stage=${ApiDeploymentStageapi}", "p99 ignore", 300, 3, 3000},
		"AuthorizerFails":     {"AuthorizerFails", stack + " AuthorizationFaults", "", "Sum", 300, 1, 0},
	}
	for _, function := range []string{"Authorizer", "Presign", "Manage", "Inspect", "Site"} {
		dimension := "FunctionName=${" + function + "}"
		want[function+"Throttled"] = alarmRow{"FunctionThrottled", "AWS/Lambda Throttles", dimension, "Sum", 300, 1, 0}
		if function != "Authorizer" { // whose errors are wrong passwords
			want[function+"Fails"] = alarmRow{"FunctionFails", "AWS/Lambda Errors", dimension, "Sum", 300, 1, 0}
		}
	}
	for id, table := range map[string]string{"Users": "Users", "Uploads": "UploadsTable"} {
		dimension := "TableName=${" + table + "}"
		want[id+"ReadsThrottled"] = alarmRow{"TablesThrottled", "AWS/DynamoDB ReadThrottleEvents", dimension, "Sum", 300, 1, 5}
		want[id+"WritesThrottled"] = alarmRow{"TablesThrottled", "AWS/DynamoDB WriteThrottleEvents", dimension, "Sum", 300, 1, 5}
	}
	if s.WAF == stage.RateWAF {
		want["AddressesBlocked"] = alarmRow{"AddressesBlocked", "AWS/WAFV2 BlockedRequests", "Region=${AWS::Region} Rule=RateByAddress WebACL=" + stack, "Sum", 300, 1, 100}
	}
	return want
}

// readAlarm reads an alarm, and holds it to what all have in common.
func readAlarm(t *testing.T, name string, alarm resource) alarmRow {
	t.Helper()
	p := written(alarm.Properties).(map[string]any)
	if p["TreatMissingData"] != "notBreaching" || p["ComparisonOperator"] != "GreaterThanThreshold" {
		t.Errorf("%s: got %v, %v", name, p["TreatMissingData"], p["ComparisonOperator"])
	}
	var dimensions []string
	all, _ := p["Dimensions"].([]any)
	for _, d := range all {
		d := d.(map[string]any)
		dimensions = append(dimensions, fmt.Sprintf("%s=%s", d["Name"], d["Value"]))
	}
	statistic, _ := p["Statistic"].(string)
	if percentile, ok := p["ExtendedStatistic"].(string); ok {
		statistic = fmt.Sprintf("%s %v", percentile, p["EvaluateLowSampleCountPercentile"])
	}
	return alarmRow{
		pageOf(t, name, p["AlarmDescription"].(string)), fmt.Sprintf("%s %s", p["Namespace"], p["MetricName"]), strings.Join(dimensions, " "), statistic,
		p["Period"].(float64), p["EvaluationPeriods"].(float64), p["Threshold"].(float64),
	}
}

// TestUploadsBroken reads which alarms the one to wake somebody for is made of.
func TestUploadsBroken(t *testing.T) {
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		alarm := template.only(t, "AWS::CloudWatch::CompositeAlarm").Properties
		want := `(ALARM("${InspectionsLate.Arn}") OR ALARM("${ApiFails.Arn}") OR ALARM("${AuthorizerFails.Arn}") OR ALARM("${PresignFails.Arn}") OR ALARM("${InspectFails.Arn}"))`
		if got := write(alarm["AlarmRule"]); got != want {
			t.Errorf("rule: got %s, want %s", got, want)
		}
		if got := pageOf(t, "UploadsBroken", alarm["AlarmDescription"].(string)); got != "UploadsBroken" {
			t.Errorf("page: got %s", got)
		}
	})
}

// TestRunbook finds a page that nobody would find: neither an alarm nor docs/operations.md leads to it.
func TestRunbook(t *testing.T) {
	pages, err := filepath.Glob("../../docs/runbook/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("got %d pages, %v", len(pages), err)
	}
	operations, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	led := map[string]bool{} // pages that an alarm leads to
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		for _, kind := range []string{"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"} {
			for name, alarm := range template.of(kind) {
				led[pageOf(t, name, alarm.Properties["AlarmDescription"].(string))] = true
			}
		}
	})
	for _, page := range pages {
		name := filepath.Base(page)
		if !led[strings.TrimSuffix(name, ".md")] && !strings.Contains(string(operations), "(runbook/"+name+")") {
			t.Errorf("nothing leads to docs/runbook/%s", name)
		}
	}
}

// TestWhatIsCounted holds the metrics to the members of the lines that they count.
func TestWhatIsCounted(t *testing.T) {
	type row struct{ log, pattern, value, dimension string }
	want := map[string]row{
		"Refusals":            {"${AccessLogs}", `{ ($.status = "401") || ($.status = "403") }`, "1", ""},
		"Throttles":           {"${AccessLogs}", `{ $.status = "429" }`, "1", ""},
		"Grants":              {"${PresignLogs}", `{ $.message = "granted" }`, "$.count", "transport"},
		"QuotaRefusals":       {"${PresignLogs}", `{ $.message = "refused by quota" }`, "$.count", ""},
		"AuthorizationFaults": {"${AuthorizerLogs}", `{ $.message = "authorization failed" }`, "1", ""},
		"Arrivals":            {"${InspectLogs}", `{ $.message = "verdict set" }`, "1", "status"},
		"ArrivedBytes":        {"${InspectLogs}", `{ $.message = "verdict set" }`, "$.size", ""},
		"Rejections":          {"${InspectLogs}", `{ ($.message = "verdict set") && ($.status = "rejected") }`, "1", "reason"},
		"TimeToVerdict":       {"${InspectLogs}", `{ ($.message = "verdict set") && ($.milliseconds = *) }`, "$.milliseconds", ""},
		"Overdue":             {"${InspectLogs}", `{ $.message = "page reconciled" }`, "$.overdue", ""},
	}
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		got := map[string]row{}
		for name, filter := range template.of("AWS::Logs::MetricFilter") {
			p := written(filter.Properties).(map[string]any)
			metric := p["MetricTransformations"].([]any)[0].(map[string]any)
			if metric["MetricName"] != name || metric["MetricNamespace"] != "Postern-"+s.Name {
				t.Errorf("%s counts %v of %v", name, metric["MetricName"], metric["MetricNamespace"])
			}
			dimension := ""
			if all, ok := metric["Dimensions"].([]any); ok {
				dimension = all[0].(map[string]any)["Key"].(string)
			}
			// CloudWatch takes no default beside a dimension.
			if hasDefault := metric["DefaultValue"] != nil; hasDefault != (dimension == "" && name != "TimeToVerdict") {
				t.Errorf("%s: got a default %v", name, metric["DefaultValue"])
			}
			got[name] = row{p["LogGroupName"].(string), p["FilterPattern"].(string), metric["MetricValue"].(string), dimension}
		}
		if diff := cmp.Diff(got, want, cmp.AllowUnexported(row{})); diff != "" {
			t.Errorf("filters (-got +want):\n%s", diff)
		}
		for name, function := range template.of("AWS::Lambda::Function") {
			if format := function.Properties["LoggingConfig"].(map[string]any)["LogFormat"]; format != "JSON" {
				t.Errorf("%s logs %v, of which no filter reads a member", name, format)
			}
		}
		setting := template.only(t, "AWS::ApiGateway::Stage").Properties["AccessLogSetting"].(map[string]any)
		if format := setting["Format"].(string); !strings.Contains(format, `"status":"$context.status"`) {
			t.Errorf("the access log has no status in quotes, which the patterns compare: %s", format)
		}
	})
}

// pageOf follows an alarm's description to its page, which must name the alarm, say what it means and what to do, and returns
// the page's name.
func pageOf(t *testing.T, alarm, description string) string {
	t.Helper()
	_, path, _ := strings.Cut(description, ". See ")
	name := strings.TrimSuffix(filepath.Base(path), ".md")
	if path != "docs/runbook/"+name+".md" {
		t.Errorf("description of %s: got %q, want it to end with a page of docs/runbook", alarm, description)
		return ""
	}
	page, err := os.ReadFile(filepath.Join("../..", path))
	if err != nil {
		t.Error(err)
		return ""
	}
	for _, want := range []string{"# " + name + "\n", "\n## What it means\n", "\n## What to do\n", "(../operations.md#who-is-told)"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("%s has no %q", path, want)
		}
	}
	if name != alarm && !strings.Contains(string(page), "`"+alarm+"`") {
		t.Errorf("%s does not name %s, which leads to it", path, alarm)
	}
	return name
}
