package main

import (
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"postern/api"
	"postern/internal/queue"
	"postern/internal/records"
	"postern/internal/upload"

	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// maxListed is how many objects one request lists at most.
const maxListed = 1000

// noticeEvery is how often progress is written where no terminal shows it.
const noticeEvery = 10 * time.Second

type reconcile struct {
	Folder *string `placeholder:"FOLDER" help:"Only this folder of the bucket. Default: all."`
	After  *string `placeholder:"KEY" help:"Begin after this key, where an earlier call ended. Default: at the first."`
	DryRun bool    `help:"Look, and queue nothing."`
}

// Help is the long text of --help.
func (reconcile) Help() string {
	return `Lists the bucket and queues for inspection what has no record, or one that is not finished: what a lost event left behind.
It may be called at any time, and twice: an upload that is inspected again is not changed. When it is interrupted, it
says how to go on from there.

` + expectation
}

// Validate refuses a folder that is none, and flags that would say nothing.
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
		dry:     c.DryRun, notice: &notice{console: console}, after: value(c.After),
	}
	err = r.run(ctx, value(c.Folder))
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

func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// resume is the command line that goes on after a key.
func (c reconcile) resume(at location, after string) string {
	args := []string{"postern", "reconcile", "--stage", string(at.Stage)}
	for _, flag := range []struct{ name, value string }{
		{"--profile", at.Profile},
		{"--region", at.Region},
		{"--folder", value(c.Folder)},
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

// quote is an argument as a shell takes it.
func quote(argument string) string {
	if plainArgument.MatchString(argument) {
		return argument
	}
	return "'" + strings.ReplaceAll(argument, "'", `'\''`) + "'"
}

// A reconciliation is the work of one call.
type reconciliation struct {
	objects *s3.Client
	bucket  string
	uploads *records.Uploads
	queue   *queue.Queue
	dry     bool
	notice  *notice
	// after is the last upload's key up to which all is done.
	after string
	tally
}

// A tally counts what was done.
type tally struct {
	pages, keys, foreign, recorded, queued int64
	reads, sends                           int64 // of records, and requests to the queue
}

// run goes through a folder, or all if it is empty, page by page.
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
		// Of a tombstone there is something left to be done: its bytes arrived late.
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

// Prices in US dollars for a million: LIST requests to S3 Standard, read request units of DynamoDB on demand, requests to
// SQS standard. They are the list prices of us-east-1 in January 2025, without free tiers.
// Sources: https://aws.amazon.com/s3/pricing/, https://aws.amazon.com/dynamodb/pricing/on-demand/,
// https://aws.amazon.com/sqs/pricing/
const (
	listPrice = 5.00
	readPrice = 0.125
	sendPrice = 0.40

	priced = "list prices of us-east-1 in January 2025, which may differ today and elsewhere"
)

// expectation is what a call costs, before it is known how much there is.
var expectation = fmt.Sprintf(`To expect for a million objects: %d LIST requests ($%.3f) and 1000000 read units, more where a record has over 4 KB ($%.3f);
for each million of them that is queued, %d requests to the queue ($%.3f) and what the inspections cost.
(%s)`,
	1_000_000/maxListed, listPrice/maxListed, readPrice, 1_000_000/queue.MaxBatch, sendPrice/queue.MaxBatch, priced)

// cost is what was spent, in US dollars.
func (t tally) cost() float64 {
	return (float64(t.pages)*listPrice + float64(t.reads)*readPrice + float64(t.sends)*sendPrice) / 1e6
}

// summary writes what was found and done.
func (r *reconciliation) summary(out io.Writer) error {
	queued := "queued"
	if r.dry {
		queued = "to queue"
	}
	_, err := fmt.Fprintf(out, "%d keys: %d foreign, %d with a record; %s: %d\ncost: %d LIST requests, at least %d read units, %d requests to the queue: about $%.4f (%s)\n",
		r.keys, r.foreign, r.recorded, queued, r.queued, r.pages, r.reads, r.sends, r.cost(), priced)
	return err
}

// A notice tells how far a call has come: on one line that is written anew where a terminal shows it, otherwise on a
// line now and then.
type notice struct {
	console console
	last    time.Time
	open    bool // whether the cursor is on the line
}

func (n *notice) show(t tally) {
	text := fmt.Sprintf("%d pages, %d keys, %d queued", t.pages, t.keys, t.queued)
	if _, ok := terminalOf(n.console.err); ok {
		const clearLine = "\r\x1b[K"
		n.console.note(clearLine + text)
		n.open = true
		return
	}
	if time.Since(n.last) >= noticeEvery {
		n.console.note(text + "\n")
		n.last = time.Now()
	}
}

// end leaves the line.
func (n *notice) end() {
	if n.open {
		n.console.note("\n")
	}
}
