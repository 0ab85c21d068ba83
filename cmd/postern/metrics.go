package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// metricsCommand prints what a stage has counted.
type metricsCommand struct {
	Since time.Duration `default:"24h" help:"How far back to begin: 1m to 360h. Default: ${default}."`
	JSON  bool          `name:"json" help:"Print JSON."`
}

// Help is the long text of --help.
func (metricsCommand) Help() string {
	return `Prints the stage's own metrics over a time: what docs/operations.md lists under "What is counted". LINES is of how many lines of a
log a metric was made, SUM what they add up to, MEAN and MOST what one has. It needs cloudwatch:ListMetrics and
cloudwatch:GetMetricData, which costs a cent for a thousand metrics.

The local run has no metrics: they are made of lines that LOG=json make run prints.`
}

// Bounds of --since. CloudWatch keeps minutes for 15 days.
// Source: Amazon CloudWatch User Guide, "Metrics retention".
const (
	leastSince = time.Minute
	mostSince  = 15 * 24 * time.Hour
)

// Validate refuses a time that CloudWatch has no minutes of.
func (c metricsCommand) Validate() error {
	if c.Since < leastSince || c.Since > mostSince {
		return fmt.Errorf("--since is %s: must be 1m to 360h", c.Since)
	}
	return nil
}

// A metric is what a stage has counted of something.
type metric struct {
	Name string `json:"name"`
	Of   string `json:"of,omitempty"` // value of the metric's dimension
	// Lines is of how many lines it was made.
	Lines float64 `json:"lines"`
	Sum   float64 `json:"sum"`
	Most  float64 `json:"most"`
}

// mean returns what a line has.
func (m metric) mean() float64 {
	if m.Lines == 0 {
		return 0
	}
	return m.Sum / m.Lines
}

// Run prints the metrics.
func (c metricsCommand) Run(ctx context.Context, at location, console console) error {
	if err := at.choose(ctx); err != nil {
		return err
	}
	if at.Stage == localStage {
		return usageError("the local run has no metrics: CloudWatch makes them of lines that LOG=json make run prints")
	}
	loaded, err := at.awsConfig(ctx)
	if err != nil {
		return fmt.Errorf("finding stage %s: %w", at.Stage, err)
	}
	reader := metricReader{cloudwatch.NewFromConfig(loaded), at.stackName()}
	metrics, err := reader.read(ctx, c.Since, time.Now())
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(console.out, metrics)
	}
	if len(metrics) == 0 {
		return fmt.Errorf("nothing is counted under %s in %s in the last two weeks: CloudWatch needs some minutes after the first requests",
			at.stackName(), loaded.Region)
	}
	return writeMetrics(console.out, metrics)
}

func writeMetrics(out io.Writer, metrics []metric) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = io.WriteString(table, "METRIC\tOF\tLINES\tSUM\tMEAN\tMOST\n")
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	for _, m := range metrics {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.1f\t%s\n",
			printable(m.Name), printable(cmp.Or(m.Of, "-")), number(m.Lines), number(m.Sum), m.mean(), number(m.Most))
	}
	return table.Flush()
}

// A metricReader reads the metrics of a namespace.
type metricReader struct {
	client    *cloudwatch.Client
	namespace string
}

// maxQueries bounds the queries of a request, and a metric needs one a statistic.
// Source: Amazon CloudWatch API Reference, GetMetricData.
const maxQueries = 500

var statistics = []string{"SampleCount", "Sum", "Maximum"}

// read returns all metrics, by name and dimension.
func (r metricReader) read(ctx context.Context, since time.Duration, now time.Time) ([]metric, error) {
	all := []metric{} // [] in JSON
	pages := cloudwatch.NewListMetricsPaginator(r.client, &cloudwatch.ListMetricsInput{Namespace: &r.namespace})
	var listed []types.Metric
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the metrics of %s: %w", r.namespace, explain(err))
		}
		listed = append(listed, page.Metrics...)
	}
	for chunk := range slices.Chunk(listed, maxQueries/len(statistics)) {
		read, err := r.values(ctx, chunk, since, now)
		if err != nil {
			return nil, fmt.Errorf("reading the metrics of %s: %w", r.namespace, explain(err))
		}
		all = append(all, read...)
	}
	slices.SortFunc(all, func(a, b metric) int { return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Of, b.Of)) })
	return all, nil
}

// values asks for each statistic of each metric.
func (r metricReader) values(ctx context.Context, listed []types.Metric, since time.Duration, now time.Time) ([]metric, error) {
	input := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(now.Add(-since)), EndTime: &now}
	all := make([]metric, len(listed))
	for i := range listed {
		all[i].Name = aws.ToString(listed[i].MetricName)
		for _, d := range listed[i].Dimensions {
			all[i].Of = aws.ToString(d.Value)
		}
		for j, statistic := range statistics {
			input.MetricDataQueries = append(input.MetricDataQueries, types.MetricDataQuery{
				Id:         aws.String(fmt.Sprintf("m%d_%d", i, j)),
				MetricStat: &types.MetricStat{Metric: &listed[i], Period: aws.Int32(period(since)), Stat: aws.String(statistic)},
			})
		}
	}
	pages := cloudwatch.NewGetMetricDataPaginator(r.client, input)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, result := range page.MetricDataResults {
			var i, j int
			if _, err := fmt.Sscanf(aws.ToString(result.Id), "m%d_%d", &i, &j); err != nil || i >= len(all) {
				return nil, errors.New("CloudWatch answers what was not asked")
			}
			all[i].add(statistics[j], result.Values)
		}
	}
	return all, nil
}

// period returns the seconds that a value is of, few enough beside the whole time that its ends hardly matter.
func period(since time.Duration) int32 {
	switch {
	case since <= 3*time.Hour:
		return 60
	case since <= 24*time.Hour:
		return 300
	default:
		return 3600
	}
}

// add adds the values of a statistic, one a period.
func (m *metric) add(statistic string, values []float64) {
	for _, value := range values {
		switch statistic {
		case "SampleCount":
			m.Lines += value
		case "Sum":
			m.Sum += value
		case "Maximum":
			m.Most = max(m.Most, value)
		}
	}
}
