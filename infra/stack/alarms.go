package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

// lateMinutes is the age of the oldest message that raises the alarm. SQS leaves a message out of the metric once it was
// received three times. So the alarm must come before two visibility timeouts, or it stays silent when every inspection
// fails.
// Source: Amazon SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS".
const lateMinutes = 5

// newAlarms creates the alarms. They have no action: the team decides whom to tell, by a rule on the account's event bus,
// which hears of every change of an alarm's state. Each alarm has a page, docs/runbook/<construct id>.md.
func newAlarms(stack awscdk.Stack, q queues) {
	options := &awscloudwatch.MetricOptions{
		Period:    awscdk.Duration_Minutes(jsii.Number(1)),
		Statistic: awscloudwatch.Stats_MAXIMUM(),
	}
	for _, alarm := range []struct {
		id, description string
		metric          awscloudwatch.Metric
		comparison      awscloudwatch.ComparisonOperator
		threshold       float64
	}{
		{
			id:          "DeadLettersNotEmpty",
			description: "What arrived could not be inspected, and was set aside",
			metric:      q.deadLetters.MetricApproximateNumberOfMessagesVisible(options),
			comparison:  awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
			threshold:   1,
		},
		{
			id:          "InspectionsLate",
			description: "What arrived waits for its inspection for too long",
			metric:      q.inspections.MetricApproximateAgeOfOldestMessage(options),
			comparison:  awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD,
			threshold:   lateMinutes * 60,
		},
	} {
		awscloudwatch.NewAlarm(stack, jsii.String(alarm.id), &awscloudwatch.AlarmProps{
			AlarmDescription:   jsii.Sprintf("%s. See docs/runbook/%s.md", alarm.description, alarm.id),
			Metric:             alarm.metric,
			ComparisonOperator: alarm.comparison,
			Threshold:          jsii.Number(alarm.threshold),
			EvaluationPeriods:  jsii.Number(1),
			// A queue that nobody has used for hours has no metrics.
			TreatMissingData: awscloudwatch.TreatMissingData_NOT_BREACHING,
		})
	}
}
