package stack_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/infra/stage"
)

// A widget is one of a dashboard's.
type widget struct {
	Type       string
	Properties struct {
		Title, Markdown string
		Metrics         [][]any
		Alarms          []string
	}
}

// widgets reads a template's one dashboard.
func (t *template) widgets(test *testing.T) []widget {
	test.Helper()
	var body struct{ Widgets []widget }
	text := write(t.only(test, "AWS::CloudWatch::Dashboard").Properties["DashboardBody"])
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		test.Fatalf("%v in %s", err, text)
	}
	return body.Widgets
}

// TestDashboardAsksFourQuestions reads the rows of the dashboard, and finds every alarm on it.
func TestDashboardAsksFourQuestions(t *testing.T) {
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		var got []string
		alarms := 0
		for _, w := range template.widgets(t) {
			switch w.Type {
			case "text":
				got = append(got, w.Properties.Markdown)
			case "metric":
				got = append(got, fmt.Sprintf("%s: %d", w.Properties.Title, len(w.Properties.Metrics)))
			case "alarm":
				alarms = len(w.Properties.Alarms)
			}
		}
		blocked := len(template.of("AWS::WAFv2::WebACL"))
		want := []string{
			"## Does it work?", "Requests, and answers 4XX and 5XX: 3", fmt.Sprintf("Granted: %d", len(api.Methods)), "Arrived: 2", "Messages set aside, and objects overdue: 2",
			"## How fast is it?", "Answers of the API, ms: 2", "Authorizer and presign, p99, ms: 2", "From arrival to verdict, ms: 2", "Oldest message, s: 1",
			"## Who is refused?", fmt.Sprintf("Callers: 401 and 403, 429, by the firewall: %d", 2+blocked), "By a quota: 1", fmt.Sprintf("Files, by reason: %d", len(api.Reasons)), "By a fault of the authorizer: 1",
			"## What does it cost?", "Invocations an hour: 5", "Bytes that arrived, an hour: 1", "Units of the uploads table, an hour: 2", "Bytes kept, each day: 1",
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("widgets (-got +want):\n%s", diff)
		}
		if want := len(template.of("AWS::CloudWatch::Alarm")); alarms != want {
			t.Errorf("got %d alarms, want all %d", alarms, want)
		}
	})
}

// TestWhatIsCountedIsSeen holds the metrics of logs to who looks at them: each is on the dashboard, and what the dashboard or
// an alarm asks for of the stage's own metrics is counted, under the dimension that it is asked for by.
func TestWhatIsCountedIsSeen(t *testing.T) {
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		counted := map[string]string{} // dimension by metric
		for name, filter := range template.of("AWS::Logs::MetricFilter") {
			metric := filter.Properties["MetricTransformations"].([]any)[0].(map[string]any)
			counted[name] = ""
			if all, ok := metric["Dimensions"].([]any); ok {
				counted[name] = all[0].(map[string]any)["Key"].(string)
			}
		}
		seen := map[string]string{}
		for _, w := range template.widgets(t) {
			for _, metric := range w.Properties.Metrics {
				texts := slices.DeleteFunc(slices.Clone(metric), func(part any) bool { _, ok := part.(string); return !ok })
				if texts[0] != "Postern-"+s.Name {
					continue
				}
				dimension := ""
				if len(texts) > 2 {
					dimension = texts[2].(string)
				}
				seen[texts[1].(string)] = dimension
			}
		}
		if diff := cmp.Diff(seen, counted); diff != "" {
			t.Errorf("dimension by metric (-seen +counted):\n%s", diff)
		}
		for name, alarm := range template.of("AWS::CloudWatch::Alarm") {
			metric, _ := alarm.Properties["MetricName"].(string)
			if _, ok := counted[metric]; alarm.Properties["Namespace"] == "Postern-"+s.Name && !ok {
				t.Errorf("%s watches %s, which nothing counts", name, metric)
			}
		}
	})
}
