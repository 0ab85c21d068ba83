package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"postern/api"
	"postern/internal/queue"
	"postern/internal/records"
	"postern/internal/upload"
)

// maxListed is how many objects one request lists at most.
const maxListed = 1000

type reconcile struct {
	Folder *string `placeholder:"FOLDER" help:"Only this folder of the bucket. Default: all."`
	After  *string `placeholder:"KEY" help:"Begin after this key, where an earlier call ended. Default: at the first."`
	DryRun bool    `help:"Only look: queue nothing."`
}

// Help is the long text of --help.
func (reconcile) Help() string {
	return `Lists the bucket and queues for inspection what has no record, or one that is not finished: what a lost event left behind.
It may be called at any time, and twice: to inspect an upload again changes nothing. When it is interrupted, it says how to
go on from there.

` + expectation
}

// Validate refuses what is no folder, and flags that say nothing.
func (c reconcile) Validate() error {
	if c.Folder != nil && !api.IsFolder(*c.Folder) {
		return errors.New("--folder is not a folder: must be 1 to 32 characters a-z, 0-9 and -, such as videos")
	}
	if c.After != nil && *c.After == "" {
		return errors.New("--after is empty: must be a key, as an interrupted call says it")
	}
	return nil
}

// Run lists the bucket and queues what is to be inspected.
func (c reconcile) Run(ctx context.Context, at location, console console) error {
	stage, err := at.open(ctx, []string{"BucketName", "UploadsTableName", "QueueUrl"}, s3.ServiceID, dynamodb.ServiceID, sqs.ServiceID)
	if err != nil {
		return err
	}
	console.note(expectation + "\n")
	bucket := stage.outputs["BucketName"]
	r := reconciliation{
		objects: stage.s3(), bucket: bucket,
		uploads: records.NewUploads(stage.dynamoDB(), stage.outputs["UploadsTableName"]),
		queue:   queue.New(stage.sqs(), stage.outputs["QueueUrl"], bucket),
		dry:     c.DryRun, notice: &notice{console: console}, after: aws.ToString(c.After),
	}
	err = r.run(ctx, aws.ToString(c.Folder))
	r.notice.end()
	if err == nil && c.Folder != nil && c.After == nil && r.keys == 0 {
		return fmt.Errorf("reconciling stage %s: the bucket has nothing in folder %s: must be a folder of the stage, such as videos", at.Stage, *c.Folder)
	}
	if err != nil {
		console.note("resume with: " + c.resume(at, r.after) + "\n")
		err = fmt.Errorf("reconciling stage %s: %w", at.Stage, explain(err))
	}
	return errors.Join(r.summary(console.out), err)
}

// resume returns the command line that goes on after a key.
func (c reconcile) resume(at location, after string) string {
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
	objects *s3.Client
	bucket  string
	uploads *records.Uploads
	queue   *queue.Queue
	dry     bool
	notice  *notice
	// after is the key of the last upload that is done.
	after string
	tally
}

// run reads a folder, or the whole bucket if it is empty, page by page.
func (r *reconciliation) run(ctx context.Context, folder string) error {
	input := &s3.ListObjectsV2Input{
		Bucket: &r.bucket, MaxKeys: aws.Int32(maxListed),
		// A key may hold characters that XML cannot.
		EncodingType: types.EncodingTypeUrl,
	}
	if folder != "" {
		input.Prefix = aws.String(folder + "/")
	}
	if r.after != "" {
		input.StartAfter = &r.after
	}
	for pages := s3.NewListObjectsV2Paginator(r.objects, input); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing the bucket: %w", err)
		}
		r.pages++
		r.keys += int64(len(page.Contents))
		if err := r.handle(ctx, r.uploadsIn(page)); err != nil {
			return err
		}
		r.notice.show(r.tally)
	}
	return nil
}

// An object is one of an upload.
type object struct {
	key    string
	upload records.Key
}

// uploadsIn returns the objects of a page that are uploads, and counts the others. An object whose current version is a
// delete marker is not listed: its bytes are no upload any more.
func (r *reconciliation) uploadsIn(page *s3.ListObjectsV2Output) []object {
	var objects []object
	for _, listed := range page.Contents {
		key, err := url.QueryUnescape(aws.ToString(listed.Key))
		owner, id, ok := api.ParseKey(key)
		if err != nil || !ok {
			r.foreign++
			continue
		}
		objects = append(objects, object{key, records.Key{Owner: owner, ID: id}})
	}
	return objects
}

// handle queues those of a page's uploads that are to be inspected.
func (r *reconciliation) handle(ctx context.Context, objects []object) error {
	if len(objects) == 0 {
		return nil
	}
	var keys []records.Key
	for _, o := range objects {
		keys = append(keys, o.upload)
	}
	states, err := r.uploads.States(ctx, keys)
	if err != nil {
		return err
	}
	r.reads += int64(len(keys))
	var unfinished []string
	for _, o := range objects {
		state, ok := states[o.upload]
		if ok {
			r.recorded++
		}
		// A deleted upload that has an object is unfinished too: its bytes arrived late.
		if !state.Announced || state.Status != upload.Ready && state.Status != upload.Rejected {
			unfinished = append(unfinished, o.key)
		}
	}
	for some := range slices.Chunk(unfinished, queue.MaxBatch) {
		if !r.dry {
			if err := r.queue.InspectAll(ctx, some); err != nil {
				return err
			}
			r.sends++
		}
		r.queued += int64(len(some))
	}
	r.after = objects[len(objects)-1].key
	return nil
}
