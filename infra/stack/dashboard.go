package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/jsii-runtime-go"

	"postern/api"
	"postern/infra/stage"
	"postern/internal/contract"
)

// A graph is one of the dashboard's.
type graph struct {
	title   string
	metrics []awscloudwatch.IMetric
}

// widths of a graph: four beside each other. A dashboard is 24 wide.
const (
	graphWidth  = 6
	graphHeight = 6
)

// newDashboard creates the stage's one dashboard, a row for each question: does it work, how fast is it, who is refused, what
// does it cost.
func newDashboard(stack awscdk.Stack, s stage.Stage, w watched, alarms []awscloudwatch.Alarm) {
	dashboard := awscloudwatch.NewDashboard(stack, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		DefaultInterval: awscdk.Duration_Hours(jsii.Number(24)),
	})
	// cfn-lint does not know a dashboard's tags yet, and there is nothing to bill by them.
	dashboard.Node().DefaultChild().(awscloudwatch.CfnDashboard).AddPropertyDeletionOverride(jsii.String("Tags"))
	var states []interfacesawscloudwatch.IAlarmRef
	for _, alarm := range alarms {
		states = append(states, alarm)
	}
	dashboard.AddWidgets(awscloudwatch.NewAlarmStatusWidget(&awscloudwatch.AlarmStatusWidgetProps{
		Title: jsii.String("Alarms"), Alarms: &states, Width: jsii.Number(24), Height: jsii.Number(4),
	}))
	for _, row := range []struct {
		question string
		graphs   []graph
	}{
		{"Does it work?", worksGraphs(stack, w)},
		{"How fast is it?", speedGraphs(stack, w)},
		{"Who is refused?", refusalGraphs(stack, w)},
		{"What does it cost?", costGraphs(stack, s, w)},
	} {
		dashboard.AddWidgets(awscloudwatch.NewTextWidget(&awscloudwatch.TextWidgetProps{
			Markdown: jsii.String("## " + row.question), Width: jsii.Number(24), Height: jsii.Number(1), Background: awscloudwatch.TextWidgetBackground_TRANSPARENT,
		}))
		var widgets []awscloudwatch.IWidget
		for _, g := range row.graphs {
			widgets = append(widgets, awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
				Title: jsii.String(g.title), Left: &g.metrics, Width: jsii.Number(graphWidth), Height: jsii.Number(graphHeight),
				LeftYAxis: &awscloudwatch.YAxisProps{Min: jsii.Number(0), ShowUnits: jsii.Bool(false)},
			}))
		}
		dashboard.AddWidgets(widgets...)
	}
}

func worksGraphs(stack awscdk.Stack, w watched) []graph {
	sum, most := every(5, awscloudwatch.Stats_SUM()), every(5, awscloudwatch.Stats_MAXIMUM())
	return []graph{
		{"Requests, and answers 4XX and 5XX", []awscloudwatch.IMetric{w.api.MetricCount(sum), w.api.MetricClientError(sum), w.api.MetricServerError(sum)}},
		{"Granted", eachValue(stack, grants, "transport", api.Methods)},
		{"Arrived", eachValue(stack, arrivals, "status", []string{api.StatusReady, api.StatusRejected})},
		{"Messages set aside, and objects overdue", []awscloudwatch.IMetric{w.queues.deadLetters.MetricApproximateNumberOfMessagesVisible(most), counted(stack, overdue)}},
	}
}

func speedGraphs(stack awscdk.Stack, w watched) []graph {
	middle, high := every(5, jsii.String("p50")), every(5, jsii.String("p99"))
	verdict := counted(stack, timeToVerdict)
	return []graph{
		{"Answers of the API, ms", []awscloudwatch.IMetric{w.api.MetricLatency(middle), w.api.MetricLatency(high)}},
		{"Authorizer and presign, p99, ms", []awscloudwatch.IMetric{w.functions[contract.Authorizer].MetricDuration(high), w.functions[contract.Presign].MetricDuration(high)}},
		{"From arrival to verdict, ms", []awscloudwatch.IMetric{verdict.With(middle), verdict.With(high)}},
		{"Oldest message, s", []awscloudwatch.IMetric{w.queues.inspections.MetricApproximateAgeOfOldestMessage(every(5, awscloudwatch.Stats_MAXIMUM()))}},
	}
}

func refusalGraphs(stack awscdk.Stack, w watched) []graph {
	callers := append([]awscloudwatch.IMetric{counted(stack, refusals), counted(stack, throttles)}, w.blocked...)
	return []graph{
		{"Callers: 401 and 403, 429, by the firewall", callers},
		{"By a quota", []awscloudwatch.IMetric{counted(stack, quotaRefusals)}},
		{"Files, by reason", eachValue(stack, rejections, "reason", api.Reasons)},
		{"By a fault of the authorizer", []awscloudwatch.IMetric{counted(stack, authorizations)}},
	}
}

func costGraphs(stack awscdk.Stack, s stage.Stage, w watched) []graph {
	sum := every(60, awscloudwatch.Stats_SUM())
	var invocations []awscloudwatch.IMetric
	for _, name := range functionNames(s) {
		invocations = append(invocations, w.functions[name].MetricInvocations(sum))
	}
	arrived := counted(stack, arrivedBytes)
	return []graph{
		{"Invocations an hour", invocations},
		{"Bytes that arrived, an hour", []awscloudwatch.IMetric{arrived.With(sum)}},
		{"Units of the uploads table, an hour", []awscloudwatch.IMetric{
			tableMetric(w.data.uploads.TableName(), "ConsumedReadCapacityUnits").With(sum), tableMetric(w.data.uploads.TableName(), "ConsumedWriteCapacityUnits").With(sum),
		}},
		{"Bytes kept, each day", []awscloudwatch.IMetric{awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
			Namespace: jsii.String("AWS/S3"), MetricName: jsii.String("BucketSizeBytes"), Statistic: awscloudwatch.Stats_AVERAGE(), Period: awscdk.Duration_Days(jsii.Number(1)),
			DimensionsMap: &map[string]*string{"BucketName": w.data.bucket.BucketName(), "StorageType": jsii.String("StandardStorage")},
		})}},
	}
}

// eachValue returns a counter's metric of each value of its dimension.
func eachValue(stack awscdk.Stack, id, dimension string, values []string) []awscloudwatch.IMetric {
	var metrics []awscloudwatch.IMetric
	for _, value := range values {
		metrics = append(metrics, counted(stack, id, dimension, value))
	}
	return metrics
}
