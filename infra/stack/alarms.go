package stack

import (
	"cmp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stage"
	"postern/internal/contract"
)

const (
	// lateMinutes is the age of the oldest message that raises the alarm. SQS leaves a message out of the metric once it was
	// received three times. So the alarm must come before two visibility timeouts, or it stays silent when every inspection
	// fails.
	// Source: Amazon SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS".
	lateMinutes = 5

	// manyRefusals is how many requests of five minutes may be refused before an alarm tells.
	manyRefusals = 100

	// manyFaults is how many requests of five minutes may fail by a fault of ours. A client sends a single one again.
	manyFaults = 5

	// slowMilliseconds is how long the slowest of a hundred requests may take, for a quarter of an hour. A cold start with a
	// password to derive takes a second.
	slowMilliseconds = 3000
)

// An alarm is raised when a metric says that something is wrong.
type alarm struct {
	id, description string
	metric          awscloudwatch.IMetric
	threshold       float64 // raised above it
	// page is the page of docs/runbook. Default: id.
	page string
	// periods is how many periods in sequence must be above. Default: 1.
	periods float64
	// breaks reports whether uploads are broken as long as the alarm lasts.
	breaks bool
}

// watched is what alarms look at.
type watched struct {
	queues    queues
	data      data
	functions map[contract.Function]awslambda.Function
	api       awsapigateway.Stage
	blocked   []awscloudwatch.IMetric // what each rule of the firewall blocks, that of the rate first; empty if there is none
	uncopied  awscloudwatch.IMetric   // copies of the tables that failed; nil if none are made
}

// newAlarms creates the alarms, and returns them. Each notifies the stage's topic, if it has one, when it begins and when it
// ends. Each has a page in docs/runbook.
func newAlarms(stack awscdk.Stack, s stage.Stage, w watched) []awscloudwatch.Alarm {
	topic := alarmTopic(stack, s)
	var made []awscloudwatch.Alarm
	var breaking []awscloudwatch.IAlarmRule
	for _, a := range append(generalAlarms(stack, w), append(functionAlarms(s, w), tableAlarms(w)...)...) {
		raised := newAlarm(stack, a, topic)
		made = append(made, raised)
		if a.breaks {
			breaking = append(breaking, awscloudwatch.AlarmRule_FromAlarm(raised, awscloudwatch.AlarmState_ALARM))
		}
	}
	newCompositeAlarm(stack, topic, breaking)
	return made
}

func newAlarm(stack awscdk.Stack, a alarm, topic *string) awscloudwatch.Alarm {
	made := awscloudwatch.NewAlarm(stack, jsii.String(a.id), &awscloudwatch.AlarmProps{
		AlarmDescription:   jsii.Sprintf("%s. See docs/runbook/%s.md", a.description, cmp.Or(a.page, a.id)),
		Metric:             a.metric,
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD,
		Threshold:          jsii.Number(a.threshold),
		EvaluationPeriods:  jsii.Number(cmp.Or(a.periods, 1)),
		// What nobody has used for hours has no metrics.
		TreatMissingData: awscloudwatch.TreatMissingData_NOT_BREACHING,
	})
	resource := made.Node().DefaultChild().(awscloudwatch.CfnAlarm)
	if resource.ExtendedStatistic() != nil {
		// A hundredth of three requests says nothing.
		resource.SetEvaluateLowSampleCountPercentile(jsii.String("ignore"))
	}
	if topic != nil {
		resource.SetAlarmActions(&[]*string{topic})
		resource.SetOkActions(&[]*string{topic})
	}
	return made
}

// newCompositeAlarm creates the one alarm to wake somebody for: an owner cannot upload, or does not see what was uploaded.
func newCompositeAlarm(stack awscdk.Stack, topic *string, breaking []awscloudwatch.IAlarmRule) {
	props := &awscloudwatch.CfnCompositeAlarmProps{
		AlarmDescription: jsii.String("Owners cannot upload, or do not see what they uploaded. See docs/runbook/UploadsBroken.md"),
		AlarmRule:        awscloudwatch.AlarmRule_AnyOf(breaking...).RenderAlarmRule(),
	}
	if topic != nil {
		props.AlarmActions, props.OkActions = &[]any{topic}, &[]any{topic}
	}
	awscloudwatch.NewCfnCompositeAlarm(stack, jsii.String("UploadsBroken"), props)
}

// generalAlarms returns the alarms of what a stage has once.
func generalAlarms(stack awscdk.Stack, w watched) []alarm {
	most := every(1, awscloudwatch.Stats_MAXIMUM())
	alarms := []alarm{
		{id: "DeadLettersNotEmpty", description: "What arrived could not be inspected, and was set aside", metric: w.queues.deadLetters.MetricApproximateNumberOfMessagesVisible(most)},
		{id: "InspectionsLate", description: "What arrived waits for its inspection for too long", metric: w.queues.inspections.MetricApproximateAgeOfOldestMessage(most), threshold: lateMinutes * 60, breaks: true},
		{id: "BytesUnrecorded", description: "The daily search found uploads that no event recorded", metric: counted(stack, overdue)},
		{id: "CallersRefused", description: "Many requests lack credentials, have wrong ones, or are for another's uploads", metric: counted(stack, refusals), threshold: manyRefusals},
		{id: "CallersThrottled", description: "Many requests are refused because there are too many", metric: counted(stack, throttles), threshold: manyRefusals},
		{id: "ApiFails", description: "Requests are answered with 5XX", metric: w.api.MetricServerError(every(5, awscloudwatch.Stats_SUM())), threshold: manyFaults, breaks: true},
		{id: "ApiSlow", description: "Some requests take long", metric: w.api.MetricLatency(every(5, jsii.String("p99"))), threshold: slowMilliseconds, periods: 3},
		{id: "AuthorizerFails", description: "The authorizer cannot tell who calls", metric: counted(stack, authorizations), breaks: true},
	}
	if len(w.blocked) > 0 {
		alarms = append(alarms, alarm{id: "AddressesBlocked", description: "The firewall blocks network addresses that send too much", metric: w.blocked[0], threshold: manyRefusals})
	}
	if w.uncopied != nil {
		alarms = append(alarms, alarm{id: "BackupFails", description: "AWS Backup could not copy a table", metric: w.uncopied})
	}
	return alarms
}

// functionAlarms returns the alarms of each function: that it fails, and that it is throttled. Of the authorizer, Lambda
// counts a wrong password as a failure, so its faults are counted by their log.
func functionAlarms(s stage.Stage, w watched) []alarm {
	sum := every(5, awscloudwatch.Stats_SUM())
	var alarms []alarm
	for _, name := range functionNames(s) {
		id := strings.ToUpper(string(name[:1])) + string(name[1:])
		if name != contract.Authorizer {
			alarms = append(alarms, alarm{
				id: id + "Fails", description: "The function " + id + " crashes or takes too long", page: "FunctionFails",
				metric: w.functions[name].MetricErrors(sum), breaks: name == contract.Presign || name == contract.Inspect,
			})
		}
		alarms = append(alarms, alarm{
			id: id + "Throttled", description: "The function " + id + " is not started, because too many run", page: "FunctionThrottled",
			metric: w.functions[name].MetricThrottles(sum),
		})
	}
	return alarms
}

// tableAlarms returns the alarms of each table.
func tableAlarms(w watched) []alarm {
	var alarms []alarm
	for _, table := range []struct {
		id   string
		name *string
	}{{"Users", w.data.users.TableName()}, {"Uploads", w.data.uploads.TableName()}} {
		for _, kind := range []string{"Read", "Write"} {
			alarms = append(alarms, alarm{
				id: table.id + kind + "sThrottled", description: "DynamoDB refuses " + strings.ToLower(kind) + "s of the table " + table.id,
				page: "TablesThrottled", metric: tableMetric(table.name, kind+"ThrottleEvents"), threshold: manyFaults,
			})
		}
	}
	return alarms
}
