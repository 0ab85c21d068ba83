package stack_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/infra/stage"
)

func TestAlarms(t *testing.T) {
	alarm := func(namespace, metric string, dimensions []any, statistic string, period float64, comparison string, threshold float64) map[string]any {
		properties := map[string]any{
			"Namespace":          namespace,
			"MetricName":         metric,
			"Statistic":          statistic,
			"Period":             period,
			"EvaluationPeriods":  1.0,
			"ComparisonOperator": comparison,
			"Threshold":          threshold,
			"TreatMissingData":   "notBreaching",
		}
		if dimensions != nil {
			properties["Dimensions"] = dimensions
		}
		return properties
	}
	dimension := func(name, value string) any { return map[string]any{"Name": name, "Value": value} }
	queue := func(name, metric, comparison string, threshold float64) map[string]any {
		return alarm("AWS/SQS", metric, []any{dimension("QueueName", "${"+name+".QueueName}")}, "Maximum", 60, comparison, threshold)
	}
	const above = "GreaterThanThreshold"
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		stack := "Postern-" + s.Name
		want := map[string]any{
			"DeadLettersNotEmpty": queue("DeadLetters", "ApproximateNumberOfMessagesVisible", "GreaterThanOrEqualToThreshold", 1),
			"InspectionsLate":     queue("Inspections", "ApproximateAgeOfOldestMessage", above, 5*60),
			"CallersRefused":      alarm(stack, "Refusals", nil, "Sum", 300, above, 100),
			"CallersThrottled":    alarm(stack, "Throttles", nil, "Sum", 300, above, 100),
		}
		if s.WAF == stage.RateWAF {
			want["AddressesBlocked"] = alarm("AWS/WAFV2", "BlockedRequests", []any{
				dimension("Region", "${AWS::Region}"), dimension("Rule", "RateByAddress"), dimension("WebACL", stack),
			}, "Sum", 300, above, 100)
		}
		got := map[string]any{}
		for name, alarm := range template.of("AWS::CloudWatch::Alarm") {
			properties := written(alarm.Properties).(map[string]any)
			checkRunbook(t, name, properties["AlarmDescription"].(string))
			delete(properties, "AlarmDescription")
			delete(properties, "Tags")
			got[name] = properties
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("properties by alarm (-got +want):\n%s", diff)
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
	alarms := map[string]bool{}
	deployed(t, func(_ *testing.T, _ stage.Stage, template *template) {
		for name := range template.of("AWS::CloudWatch::Alarm") {
			alarms[name] = true
		}
	})
	for _, page := range pages {
		name := filepath.Base(page)
		if !alarms[strings.TrimSuffix(name, ".md")] && !strings.Contains(string(operations), "(runbook/"+name+")") {
			t.Errorf("nothing leads to docs/runbook/%s", name)
		}
	}
}

// TestWhatIsCounted holds the metrics to the member of the access log that they compare.
func TestWhatIsCounted(t *testing.T) {
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		got := map[string]any{}
		for name, filter := range template.of("AWS::Logs::MetricFilter") {
			properties := written(filter.Properties).(map[string]any)
			if diff := cmp.Diff(properties["MetricTransformations"], any([]any{map[string]any{
				"MetricName": name, "MetricNamespace": "Postern-" + s.Name, "MetricValue": "1", "DefaultValue": 0.0,
			}})); diff != "" || properties["LogGroupName"] != "${AccessLogs}" {
				t.Errorf("%s counts in %v (-got +want):\n%s", name, properties["LogGroupName"], diff)
			}
			got[name] = properties["FilterPattern"]
		}
		want := map[string]any{"Refusals": `{ ($.status = "401") || ($.status = "403") }`, "Throttles": `{ $.status = "429" }`}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("patterns (-got +want):\n%s", diff)
		}
		setting := template.only(t, "AWS::ApiGateway::Stage").Properties["AccessLogSetting"].(map[string]any)
		if format := setting["Format"].(string); !strings.Contains(format, `"status":"$context.status"`) {
			t.Errorf("the access log has no status in quotes, which the patterns compare: %s", format)
		}
	})
}

// checkRunbook follows an alarm's description to its page.
func checkRunbook(t *testing.T, alarm, description string) {
	t.Helper()
	path := "docs/runbook/" + alarm + ".md"
	if !strings.HasSuffix(description, "See "+path) {
		t.Errorf("description of %s: got %q, want it to end with the page %s", alarm, description, path)
	}
	page, err := os.ReadFile(filepath.Join("../..", path))
	if err != nil {
		t.Error(err)
	}
	if title, _, _ := strings.Cut(string(page), "\n"); title != "# "+alarm {
		t.Errorf("title of %s: got %q, want # %s", path, title, alarm)
	}
}
