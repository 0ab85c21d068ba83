package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"postern/internal/contract"
)

// A counter is a metric that CloudWatch makes of the lines of a log, so that no function waits for it. It costs by the
// values of its dimension, not by lines.
type counter struct {
	id      string // of the construct, and the metric's name
	log     awslogs.ILogGroup
	pattern string
	value   string // what a line adds: "1", or a member
	// dimension is a member by whose values the metric is divided. Empty: it is one.
	dimension string
}

// Names of the counters, as alarms and dashboard ask for them.
const (
	refusals       = "Refusals"
	throttles      = "Throttles"
	grants         = "Grants"
	quotaRefusals  = "QuotaRefusals"
	authorizations = "AuthorizationFaults"
	arrivals       = "Arrivals"
	arrivedBytes   = "ArrivedBytes"
	rejections     = "Rejections"
	timeToVerdict  = "TimeToVerdict"
	overdue        = "Overdue"
)

// newCounters creates the metrics of the access log and of the functions' logs. API Gateway's own metric of 4XX does not tell
// a wrong password from a missing upload, and Lambda's of errors counts a wrong password as a failure of the authorizer.
// Source: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters".
func newCounters(stack awscdk.Stack, functions map[contract.Function]awslambda.Function, accessLogs awslogs.LogGroup) {
	presign, inspect := functions[contract.Presign].LogGroup(), functions[contract.Inspect].LogGroup()
	for _, c := range []counter{
		{refusals, accessLogs, `{ ($.status = "401") || ($.status = "403") }`, "1", ""},
		{throttles, accessLogs, `{ $.status = "429" }`, "1", ""},
		{grants, presign, `{ $.message = "granted" }`, "$.count", "transport"},
		{quotaRefusals, presign, `{ $.message = "refused by quota" }`, "$.count", ""},
		{authorizations, functions[contract.Authorizer].LogGroup(), `{ $.message = "authorization failed" }`, "1", ""},
		{arrivals, inspect, `{ $.message = "verdict set" }`, "1", "status"},
		{arrivedBytes, inspect, `{ $.message = "verdict set" }`, "$.size", ""},
		{rejections, inspect, `{ ($.message = "verdict set") && ($.status = "rejected") }`, "1", "reason"},
		{timeToVerdict, inspect, `{ ($.message = "verdict set") && ($.milliseconds = *) }`, "$.milliseconds", ""},
		{overdue, inspect, `{ $.message = "page reconciled" }`, "$.overdue", ""},
	} {
		newCounter(stack, c)
	}
}

func newCounter(stack awscdk.Stack, c counter) {
	props := &awslogs.MetricFilterProps{
		LogGroup:        c.log,
		FilterPattern:   awslogs.FilterPattern_Literal(jsii.String(c.pattern)),
		MetricNamespace: stack.StackName(),
		MetricName:      jsii.String(c.id),
		MetricValue:     jsii.String(c.value),
	}
	switch {
	case c.dimension != "":
		props.Dimensions = &map[string]*string{c.dimension: jsii.String("$." + c.dimension)}
	case c.id != timeToVerdict: // lines that do not count would pull a median down
		props.DefaultValue = jsii.Number(0)
	}
	awslogs.NewMetricFilter(stack, jsii.String(c.id), props)
}

// counted returns a counter's metric: its sum of five minutes. The dimension, if it has one, is given by name and value.
func counted(stack awscdk.Stack, id string, dimension ...string) awscloudwatch.Metric {
	props := &awscloudwatch.MetricProps{
		Namespace: stack.StackName(), MetricName: jsii.String(id),
		Period: awscdk.Duration_Minutes(jsii.Number(5)), Statistic: awscloudwatch.Stats_SUM(),
	}
	if len(dimension) == 2 {
		props.DimensionsMap = &map[string]*string{dimension[0]: jsii.String(dimension[1])}
		props.Label = jsii.String(dimension[1])
	}
	return awscloudwatch.NewMetric(props)
}

// every returns the options of a metric: a statistic of some minutes.
func every(minutes float64, statistic *string) *awscloudwatch.MetricOptions {
	return &awscloudwatch.MetricOptions{Period: awscdk.Duration_Minutes(jsii.Number(minutes)), Statistic: statistic}
}

// tableMetric returns a metric of a table, which has the same name for all tables.
func tableMetric(table *string, name string) awscloudwatch.Metric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: jsii.String("AWS/DynamoDB"), MetricName: jsii.String(name),
		DimensionsMap: &map[string]*string{"TableName": table},
		Period:        awscdk.Duration_Minutes(jsii.Number(5)), Statistic: awscloudwatch.Stats_SUM(),
	})
}
