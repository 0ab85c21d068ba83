package review

import (
	"regexp"
	"slices"
	"strings"

	"postern/internal/cfn"
)

var alarmRules = []rule{
	{"alarms of queues", "TestWhatIsCounted", each(queueType, queueIsWatched)},
	{"alarms of functions", "TestWhatIsCounted", each(functionType, functionIsWatched)},
	{"alarms of tables", "TestWhatIsCounted", each(tableType, tableIsWatched)},
	{"alarms", "TestWhatIsCounted", each(alarmType, alarmHolds)},
	{"what is counted", "TestWhatIsCounted", refusalsAreCounted},
}

// watches reports whether an alarm's metric is that of a resource, by a dimension that refers to it.
func watches(alarm cfn.Resource, namespace, id string) bool {
	if cfn.Text(alarm.At("Namespace")) == namespace && strings.Contains(cfn.Text(alarm.At("Dimensions")), "${"+id) {
		return true
	}
	metrics := cfn.Text(alarm.At("Metrics"))
	return strings.Contains(metrics, namespace) && strings.Contains(metrics, "${"+id)
}

func queueIsWatched(s stack, id string, _ cfn.Resource) []Finding {
	if slices.ContainsFunc(s.of(alarmType), func(a string) bool { return watches(s.Resources[a], "AWS/SQS", id) }) {
		return nil
	}
	return []Finding{found(id, "the queue must have an alarm: otherwise nobody hears of messages that wait or were set aside")}
}

// functionIsWatched finds functions whose errors or throttles nobody hears of. A wrong password fails the authorizer's
// invocation, so its faults are counted in its log instead.
func functionIsWatched(s stack, id string, _ cfn.Resource) []Finding {
	metrics := []string{"Errors", "Throttles"}
	if name(id) == "Authorizer" {
		metrics = metrics[1:]
	}
	return s.unwatched(id, "AWS/Lambda", metrics)
}

func tableIsWatched(s stack, id string, _ cfn.Resource) []Finding {
	return s.unwatched(id, "AWS/DynamoDB", []string{"ReadThrottleEvents", "WriteThrottleEvents"})
}

// unwatched finds metrics of a resource that no alarm watches.
func (s stack) unwatched(id, namespace string, metrics []string) []Finding {
	var all []Finding
	for _, metric := range metrics {
		if !slices.ContainsFunc(s.of(alarmType), func(a string) bool {
			alarm := s.Resources[a]
			return watches(alarm, namespace, id) && strings.Contains(cfn.Text(alarm.At("MetricName"))+cfn.Text(alarm.At("Metrics")), metric)
		}) {
			all = append(all, found(id, "an alarm must watch its %s", metric))
		}
	}
	return all
}

var page = regexp.MustCompile(`docs/runbook/(\w+)\.md`)

// alarmHolds finds alarms without a page for whoever is called, and those that never tell.
func alarmHolds(s stack, id string, r cfn.Resource) []Finding {
	var all []Finding
	match := page.FindStringSubmatch(cfn.Text(r.At("AlarmDescription")))
	switch {
	case match == nil:
		all = append(all, found(id, "AlarmDescription must name docs/runbook/%s.md, or a page that it shares with others", name(id)))
	case !slices.Contains(s.pages, match[1]):
		all = append(all, found(id, "AlarmDescription must name a page that is there, such as docs/runbook/%s.md", name(id)))
	}
	if cfn.Text(r.At("ActionsEnabled")) == "false" {
		all = append(all, found(id, "ActionsEnabled must be true or left out"))
	}
	if cfn.Text(r.At("TreatMissingData")) == "" {
		all = append(all, found(id, "TreatMissingData must be set: an unused stage has no metrics"))
	}
	return all
}

// counted are the statuses of answers that somebody must hear of, when there are many.
var counted = []string{`"401"`, `"403"`, `"429"`}

// refusalsAreCounted finds statuses that no metric filter of the access log counts, and counts that no alarm watches.
func refusalsAreCounted(s stack) []Finding {
	var all []Finding
	filters := s.of("AWS::Logs::MetricFilter")
	for _, status := range counted {
		if !slices.ContainsFunc(filters, func(id string) bool {
			return strings.Contains(cfn.Text(s.Resources[id].At("FilterPattern")), status)
		}) {
			all = append(all, found("AccessLogs", "answers of status %s must be counted by a metric filter: otherwise guessers are not noticed", strings.Trim(status, `"`)))
		}
	}
	for _, id := range filters {
		pattern := cfn.Text(s.Resources[id].At("FilterPattern"))
		if !slices.ContainsFunc(counted, func(status string) bool { return strings.Contains(pattern, status) }) {
			continue // a dashboard shows it
		}
		metric := cfn.Text(s.Resources[id].At("MetricTransformations/0/MetricName"))
		namespace := cfn.Text(s.Resources[id].At("MetricTransformations/0/MetricNamespace"))
		if !slices.ContainsFunc(s.of(alarmType), func(a string) bool { return countsIn(s.Resources[a], namespace, metric) }) {
			all = append(all, found(id, "an alarm must watch metric %s of %s", metric, namespace))
		}
	}
	return all
}

func countsIn(alarm cfn.Resource, namespace, metric string) bool {
	if cfn.Text(alarm.At("Namespace")) == namespace && cfn.Text(alarm.At("MetricName")) == metric {
		return true
	}
	metrics := cfn.Text(alarm.At("Metrics"))
	return strings.Contains(metrics, `"`+namespace+`"`) && strings.Contains(metrics, `"`+metric+`"`)
}
