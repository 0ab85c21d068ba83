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
	alarm := func(queue, metric, comparison string, threshold float64) map[string]any {
		return map[string]any{
			"Namespace":          "AWS/SQS",
			"MetricName":         metric,
			"Dimensions":         []any{map[string]any{"Name": "QueueName", "Value": "${" + queue + ".QueueName}"}},
			"Statistic":          "Maximum",
			"Period":             60.0,
			"EvaluationPeriods":  1.0,
			"ComparisonOperator": comparison,
			"Threshold":          threshold,
			"TreatMissingData":   "notBreaching",
		}
	}
	want := map[string]any{
		"DeadLettersNotEmpty": alarm("DeadLetters", "ApproximateNumberOfMessagesVisible", "GreaterThanOrEqualToThreshold", 1),
		"InspectionsLate":     alarm("Inspections", "ApproximateAgeOfOldestMessage", "GreaterThanThreshold", 5*60),
	}
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
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
