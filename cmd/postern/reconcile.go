package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"postern/api"
	"postern/internal/queue"
	"postern/internal/reconcile"
)

type reconcileCommand struct {
	Folder *string `placeholder:"FOLDER" help:"Only this folder of the bucket. Default: all."`
	After  *string `placeholder:"KEY" help:"Begin after this key, where an earlier call ended. Default: at the first."`
	DryRun bool    `help:"Only look: queue nothing."`
}

// Help is the long text of --help.
func (reconcileCommand) Help() string {
	return `Lists the bucket and queues for inspection what has no record, or one that is not finished: what a lost event left behind.
It may be called at any time, and twice: to inspect an upload again changes nothing. When it is interrupted, it says how to
go on from there.

` + expectation
}

// Validate refuses what is not a folder, and flags that say nothing.
func (c reconcileCommand) Validate() error {
	if c.Folder != nil && !api.IsFolder(*c.Folder) {
		return errors.New("--folder is not a folder: must be 1 to 32 characters a-z, 0-9 and -, such as videos")
	}
	if c.After != nil && *c.After == "" {
		return errors.New("--after is empty: must be a key, as an interrupted call says it")
	}
	return nil
}

// Run lists the bucket and queues what is to be inspected.
func (c reconcileCommand) Run(ctx context.Context, at location, console console) error {
	stage, err := at.open(ctx, []string{"BucketName", "UploadsTableName", "QueueUrl"}, s3.ServiceID, dynamodb.ServiceID, sqs.ServiceID)
	if err != nil {
		return err
	}
	console.note(expectation + "\n")
	bucket := stage.outputs["BucketName"]
	r := reconciliation{reconcile.Pass{
		Objects: stage.s3(), Bucket: bucket,
		Uploads: stage.uploads(),
		Queue:   queue.New(stage.sqs(), stage.outputs["QueueUrl"], bucket),
		DryRun:  c.DryRun, Listed: aws.ToString(c.After), Done: aws.ToString(c.After),
	}, &notice{console: console}}
	err = r.run(ctx, aws.ToString(c.Folder))
	r.notice.end()
	if err == nil && c.Folder != nil && c.After == nil && r.Keys == 0 {
		return fmt.Errorf("reconciling stage %s: the bucket has nothing in folder %s: must be a folder of the stage, such as videos", at.Stage, *c.Folder)
	}
	if err != nil {
		console.note("resume with: " + c.resume(at, r.Done) + "\n")
		err = fmt.Errorf("reconciling stage %s: %w", at.Stage, explain(err))
	}
	return errors.Join(r.summary(console.out), err)
}

// resume returns the command line that goes on after a key.
func (c reconcileCommand) resume(at location, after string) string {
	args := []string{"postern", "reconcile", "--stage", string(at.Stage)}
	for _, flag := range []struct{ name, value string }{
		{"--profile", at.Profile},
		{"--region", at.Region},
		{"--folder", aws.ToString(c.Folder)},
		{"--after", after},
	} {
		if flag.value != "" {
			args = append(args, flag.name, flag.value)
		}
	}
	if at.Stage == localStage {
		args = append(args, "--data", at.Data)
	}
	if c.DryRun {
		args = append(args, "--dry-run")
	}
	for i, arg := range args {
		args[i] = quote(arg)
	}
	return strings.Join(args, " ")
}

var plainArgument = regexp.MustCompile(`^[A-Za-z0-9_./:@-]+$`)

// quote returns an argument as a shell takes it.
func quote(argument string) string {
	if plainArgument.MatchString(argument) {
		return argument
	}
	return "'" + strings.ReplaceAll(argument, "'", `'\''`) + "'"
}

// A reconciliation is one run of the command.
type reconciliation struct {
	reconcile.Pass
	notice *notice
}

// run reads a folder, or the whole bucket if it is empty.
func (r *reconciliation) run(ctx context.Context, folder string) error {
	if folder != "" {
		folder += "/"
	}
	for more := true; more; {
		var err error
		if more, err = r.Page(ctx, folder); err != nil {
			return err
		}
		r.notice.show(fmt.Sprintf("%d pages, %d keys, %d queued", r.Pages, r.Keys, r.Queued))
	}
	return nil
}
