package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stage"
)

// lateMinutes is the age of the oldest message that raises the alarm. SQS leaves a message out of the metric once it was
// received three times. So the alarm must come before two visibility timeouts, or it stays silent when every inspection
// fails.
// Source: Amazon SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS".
const lateMinutes = 5

// manyRefusals is how many requests of five minutes may be refused before an alarm tells.
const manyRefusals = 100

// An alarm is raised when a metric says that something is wrong.
type alarm struct {
	id, description string
	metric          awscloudwatch.IMetric
	comparison      awscloudwatch.ComparisonOperator
	threshold       float64
}

// newAlarms creates the alarms. Each notifies the stage's topic, if it has one, when it begins and when it ends. Each has a
// page, docs/runbook/<construct id>.md. blocked is the metric of what the firewall blocks, nil if there is none.
func newAlarms(stack awscdk.Stack, s stage.Stage, q queues, accessLogs awslogs.LogGroup, blocked awscloudwatch.IMetric) {
	const least, above = awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD, awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD
	options := &awscloudwatch.MetricOptions{
		Period:    awscdk.Duration_Minutes(jsii.Number(1)),
		Statistic: awscloudwatch.Stats_MAXIMUM(),
	}
	alarms := []alarm{
		{"DeadLettersNotEmpty", "What arrived could not be inspected, and was set aside", q.deadLetters.MetricApproximateNumberOfMessagesVisible(options), least, 1},
		{"InspectionsLate", "What arrived waits for its inspection for too long", q.inspections.MetricApproximateAgeOfOldestMessage(options), above, lateMinutes * 60},
		{
			"CallersRefused", "Many requests lack credentials, have wrong ones, or are for another's uploads",
			answers(stack, accessLogs, "Refusals", `{ ($.status = "401") || ($.status = "403") }`), above, manyRefusals,
		},
		{"CallersThrottled", "Many requests are refused because there are too many", answers(stack, accessLogs, "Throttles", `{ $.status = "429" }`), above, manyRefusals},
	}
	if blocked != nil {
		alarms = append(alarms, alarm{"AddressesBlocked", "The firewall blocks network addresses that send too much", perFiveMinutes(blocked.(awscloudwatch.Metric)), above, manyRefusals})
	}
	topic := alarmTopic(stack, s)
	for _, a := range alarms {
		made := awscloudwatch.NewAlarm(stack, jsii.String(a.id), &awscloudwatch.AlarmProps{
			AlarmDescription:   jsii.Sprintf("%s. See docs/runbook/%s.md", a.description, a.id),
			Metric:             a.metric,
			ComparisonOperator: a.comparison,
			Threshold:          jsii.Number(a.threshold),
			EvaluationPeriods:  jsii.Number(1),
			// What nobody has used for hours has no metrics.
			TreatMissingData: awscloudwatch.TreatMissingData_NOT_BREACHING,
		})
		if topic != nil {
			resource := made.Node().DefaultChild().(awscloudwatch.CfnAlarm)
			resource.SetAlarmActions(&[]*string{topic})
			resource.SetOkActions(&[]*string{topic})
		}
	}
}

// answers counts the lines of the access log that a pattern matches. API Gateway's own metric of 4XX does not tell a wrong
// password from a missing upload.
// Source: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters".
func answers(stack awscdk.Stack, accessLogs awslogs.LogGroup, id, pattern string) awscloudwatch.IMetric {
	filter := awslogs.NewMetricFilter(stack, jsii.String(id), &awslogs.MetricFilterProps{
		LogGroup:        accessLogs,
		FilterPattern:   awslogs.FilterPattern_Literal(jsii.String(pattern)),
		MetricNamespace: stack.StackName(),
		MetricName:      jsii.String(id),
		MetricValue:     jsii.String("1"),
		DefaultValue:    jsii.Number(0),
	})
	return perFiveMinutes(filter.Metric(nil))
}

// perFiveMinutes is a metric's sum of five minutes.
func perFiveMinutes(metric awscloudwatch.Metric) awscloudwatch.IMetric {
	return metric.With(&awscloudwatch.MetricOptions{Period: awscdk.Duration_Minutes(jsii.Number(5)), Statistic: awscloudwatch.Stats_SUM()})
}
