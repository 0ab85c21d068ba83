package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// logsCommand prints what a stage has logged.
type logsCommand struct {
	Function string        `placeholder:"NAME" help:"Log to print: authorizer, presign, manage, inspect, site, or access for the API's. Default: all."`
	Request  string        `placeholder:"ID" help:"Only lines of this request, by the requestId of an error or of the access log."`
	Upload   uploadID      `placeholder:"ID" help:"Only lines of this upload."`
	Since    time.Duration `default:"1h" help:"How far back to begin. Default: ${default}."`
	Follow   bool          `short:"f" help:"Go on with what comes, until Ctrl-C."`
}

// Help is the long text of --help.
func (logsCommand) Help() string {
	return `Prints the lines of the stage's logs by their time: when, which log, and the line. It needs cloudformation:ListStackResources on the
stack and logs:FilterLogEvents on its log groups. Each line of a filter costs nothing; CloudWatch needs some seconds to have a line.

The local run keeps no log: it is what make run prints, with LOG=json as on AWS.`
}

// followEvery is how often is asked for more. CloudWatch takes five calls a second.
// Source: CloudWatch Logs User Guide, "CloudWatch Logs quotas", FilterLogEvents.
const followEvery = 2 * time.Second

// lateLines is how long after its time a line may appear.
const lateLines = 30 * time.Second

var requestID = regexp.MustCompile(`^[0-9A-Za-z=_-]{1,64}$`)

// Validate refuses what would match everything, or nothing.
func (c logsCommand) Validate() error {
	switch {
	case c.Request != "" && !requestID.MatchString(c.Request):
		return fmt.Errorf("--request is %q: must be a requestId, such as 48b53e6c-3827-4ed4-bd53-edda43e195a9", c.Request)
	case c.Request != "" && c.Upload != "":
		return errors.New("--request and --upload exclude each other")
	case c.Since <= 0:
		return errors.New("--since must be a time to go back, such as 15m or 24h")
	}
	return nil
}

// Run prints the lines, and goes on if that is wanted.
func (c logsCommand) Run(ctx context.Context, at location, console console) error {
	if err := at.choose(ctx); err != nil {
		return err
	}
	if at.Stage == localStage {
		return usageError("the local run keeps no log: it is what make run prints. LOG=json make run 2>run.log prints it as on AWS, into a file")
	}
	loaded, err := at.awsConfig(ctx)
	if err != nil {
		return fmt.Errorf("finding stage %s: %w", at.Stage, err)
	}
	groups, err := at.logGroups(ctx, loaded, c.Function)
	if err != nil {
		return err
	}
	r := &logReader{client: cloudwatchlogs.NewFromConfig(loaded), groups: groups, pattern: c.pattern(), console: console, seen: map[string]time.Time{}}
	from := time.Now().Add(-c.Since)
	for {
		asked := time.Now()
		if err := r.print(ctx, from); err != nil {
			return err
		}
		if !c.Follow {
			return nil
		}
		from = asked.Add(-lateLines)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followEvery):
		}
	}
}

// pattern returns the filter: a term that a line must hold, in quotes. Ids have no quotes.
// Source: CloudWatch Logs User Guide, "Filter pattern syntax", unstructured log events.
func (c logsCommand) pattern() string {
	if term := cmp.Or(c.Request, string(c.Upload)); term != "" {
		return `"` + term + `"`
	}
	return ""
}

// A logGroup is a log of the stage: its name for people, and CloudWatch's.
type logGroup struct{ name, group string }

// logGroups returns the stage's logs, or the one that is named.
func (l location) logGroups(ctx context.Context, loaded aws.Config, wanted string) ([]logGroup, error) {
	resources, err := l.resources(ctx, loaded)
	if err != nil {
		return nil, err
	}
	var all []logGroup
	var names []string
	for _, resource := range resources {
		if aws.ToString(resource.ResourceType) != "AWS::Logs::LogGroup" {
			continue
		}
		name := strings.ToLower(strings.TrimSuffix(readable(aws.ToString(resource.LogicalResourceId)), "Logs"))
		names = append(names, name)
		if wanted == "" || strings.EqualFold(wanted, name) {
			all = append(all, logGroup{name, aws.ToString(resource.PhysicalResourceId)})
		}
	}
	if len(all) == 0 {
		slices.Sort(names)
		return nil, usageError(fmt.Sprintf("no log %q in stack %s: must be one of %s", wanted, l.stackName(), strings.Join(names, ", ")))
	}
	return all, nil
}

// resources lists what the stage's stack has.
func (l location) resources(ctx context.Context, loaded aws.Config) ([]types.StackResourceSummary, error) {
	var all []types.StackResourceSummary
	pages := cloudformation.NewListStackResourcesPaginator(cloudformation.NewFromConfig(loaded), &cloudformation.ListStackResourcesInput{
		StackName: aws.String(l.stackName()),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing what stack %s has: %w", l.stackName(), explain(err))
		}
		all = append(all, page.StackResourceSummaries...)
	}
	return all, nil
}

// A logReader prints lines of several logs, each once.
type logReader struct {
	client  *cloudwatchlogs.Client
	groups  []logGroup
	pattern string
	console console
	seen    map[string]time.Time // when a line was logged, by its id
}

// A logLine is a line of a log.
type logLine struct {
	at        time.Time
	log, text string
}

// print prints what was logged from a time on, and not printed yet, in the order of time.
func (r *logReader) print(ctx context.Context, from time.Time) error {
	for id, at := range r.seen {
		if at.Before(from) {
			delete(r.seen, id)
		}
	}
	var lines []logLine
	for _, group := range r.groups {
		some, err := r.read(ctx, group, from)
		if err != nil {
			return err
		}
		lines = append(lines, some...)
	}
	slices.SortStableFunc(lines, func(a, b logLine) int { return a.at.Compare(b.at) })
	for _, line := range lines {
		err := r.console.printf("%s  %-10s  %s\n", line.at.UTC().Format("2006-01-02T15:04:05.000Z"), line.log, printable(strings.TrimRight(line.text, "\n")))
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *logReader) read(ctx context.Context, group logGroup, from time.Time) ([]logLine, error) {
	input := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(group.group), StartTime: aws.Int64(from.UnixMilli())}
	if r.pattern != "" {
		input.FilterPattern = aws.String(r.pattern)
	}
	var lines []logLine
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(r.client, input)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if ctx.Err() != nil {
			return lines, nil // what was read is printed
		}
		if err != nil {
			return nil, fmt.Errorf("reading log %s: %w", group.name, explain(err))
		}
		for _, event := range page.Events {
			id := group.name + " " + aws.ToString(event.EventId)
			if _, ok := r.seen[id]; ok {
				continue
			}
			at := time.UnixMilli(aws.ToInt64(event.Timestamp))
			r.seen[id] = at
			lines = append(lines, logLine{at, group.name, aws.ToString(event.Message)})
		}
	}
	return lines, nil
}
