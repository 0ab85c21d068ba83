package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"postern/internal/notification"
)

// Most that one request takes, of S3, DynamoDB and SQS.
const (
	maxListed = 1000
	maxRead   = 100
	maxSent   = 10
)

// maxAttempts is how often in a row a request may get nowhere.
const maxAttempts = 10

// longestPause is the longest time between two of them. Tests change it.
var longestPause = 5 * time.Second

// A store is where a deployed stack, or the local run, keeps its uploads.
type store struct {
	objects *s3.Client
	records *dynamodb.Client
	queues  *sqs.Client

	bucket, table, queue string
}

// openStore finds where the stage keeps its uploads.
func (l location) openStore(ctx context.Context) (store, error) {
	stage, err := l.open(ctx, []string{"BucketName", "UploadsTableName", "QueueUrl"}, s3.ServiceID, dynamodb.ServiceID, sqs.ServiceID)
	if err != nil {
		return store{}, err
	}
	return store{
		stage.s3(), stage.dynamoDB(), stage.sqs(),
		stage.outputs["BucketName"], stage.outputs["UploadsTableName"], stage.outputs["QueueUrl"],
	}, nil
}

// An objectKey is the key of an upload's object. It has no character that a URL, or a shell, has to have escaped.
type objectKey string

// uploadKey is the layout of keys: <folder>/<owner>/<id>.
var uploadKey = regexp.MustCompile(`^[a-z0-9-]{1,32}/[0-9a-f]{20}/[0-9a-f]{32}\.[a-z0-9]{1,8}$`)

// A recordKey is the key of an upload's record.
type recordKey struct{ owner, id string }

func (k objectKey) record() recordKey {
	parts := strings.Split(string(k), "/")
	return recordKey{parts[1], parts[2]}
}

// item is the key as DynamoDB has it.
func (k recordKey) item() map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"owner": &types.AttributeValueMemberS{Value: k.owner}, "id": &types.AttributeValueMemberS{Value: k.id},
	}
}

// pages lists the objects of a folder, or of all if it is empty, after a key. An object whose current version is a
// delete marker is none: its bytes are no upload any more.
func (s store) pages(folder, after string) *s3.ListObjectsV2Paginator {
	input := &s3.ListObjectsV2Input{
		Bucket: &s.bucket, MaxKeys: aws.Int32(maxListed),
		// A key may hold characters that XML cannot.
		EncodingType: s3types.EncodingTypeUrl,
	}
	if folder != "" {
		input.Prefix = aws.String(folder + "/")
	}
	if after != "" {
		input.StartAfter = &after
	}
	return s3.NewListObjectsV2Paginator(s.objects, input)
}

// uploadKeys are those of a page's keys that have the layout, and how many have another.
func uploadKeys(page *s3.ListObjectsV2Output) (keys []objectKey, foreign int64) {
	for _, object := range page.Contents {
		key, err := url.QueryUnescape(aws.ToString(object.Key))
		if err != nil || !uploadKey.MatchString(key) {
			foreign++
			continue
		}
		keys = append(keys, objectKey(key))
	}
	return keys, foreign
}

// A recordState is how far an upload has come that has a record.
type recordState struct {
	status    string
	announced bool
}

// settled is whether nothing is left to be done for an upload whose object exists. Of a tombstone's, there is: its bytes
// arrived late.
func (s recordState) settled() bool {
	return s.announced && (s.status == "ready" || s.status == "rejected")
}

// states reads the records of at most maxRead keys. A key without a record is left out.
func (s store) states(ctx context.Context, keys []objectKey) (map[recordKey]recordState, error) {
	wanted := s.wanted(keys)
	found := map[recordKey]recordState{}
	for attempt := 0; len(wanted.Keys) > 0; attempt++ {
		output, err := s.records.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{s.table: wanted}})
		if err != nil {
			return nil, fmt.Errorf("reading records: %w", explain(err))
		}
		for _, item := range output.Responses[s.table] {
			key, state := stateOf(item)
			found[key] = state
		}
		left := output.UnprocessedKeys[s.table].Keys
		if len(left) < len(wanted.Keys) {
			attempt = 0
		}
		wanted.Keys = left
		if err := pause(ctx, attempt, len(left)); err != nil {
			return nil, fmt.Errorf("reading records: DynamoDB is too busy: %w", err)
		}
	}
	return found, nil
}

// wanted asks for what tells a record's state. Two folders may have an object of one record, which DynamoDB wants to be
// asked for once.
func (s store) wanted(keys []objectKey) types.KeysAndAttributes {
	wanted := types.KeysAndAttributes{
		ConsistentRead:           aws.Bool(true),
		ProjectionExpression:     aws.String("#owner, #id, #status, #announced"),
		ExpressionAttributeNames: map[string]string{"#owner": "owner", "#id": "id", "#status": "status", "#announced": "announced"},
	}
	seen := map[recordKey]bool{}
	for _, key := range keys {
		if record := key.record(); !seen[record] {
			seen[record] = true
			wanted.Keys = append(wanted.Keys, record.item())
		}
	}
	return wanted
}

func stateOf(item map[string]types.AttributeValue) (recordKey, recordState) {
	text := func(name string) string {
		value, _ := item[name].(*types.AttributeValueMemberS)
		if value == nil {
			return ""
		}
		return value.Value
	}
	announced, _ := item["announced"].(*types.AttributeValueMemberBOOL)
	return recordKey{text("owner"), text("id")}, recordState{text("status"), announced != nil && announced.Value}
}

// inspect queues keys for inspection, at most maxSent.
func (s store) inspect(ctx context.Context, keys []objectKey) error {
	var entries []sqstypes.SendMessageBatchRequestEntry
	for i, key := range keys {
		message := notification.EncodeInspect(s.bucket, string(key))
		entries = append(entries, sqstypes.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: &message})
	}
	for attempt := 0; len(entries) > 0; attempt++ {
		output, err := s.queues.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &s.queue, Entries: entries})
		if err != nil {
			return fmt.Errorf("queueing: %w", explain(err))
		}
		left, err := unsent(entries, output)
		if err != nil {
			return fmt.Errorf("queueing: %w", err)
		}
		if len(left) < len(entries) {
			attempt = 0
		}
		entries = left
		if err := pause(ctx, attempt, len(left)); err != nil {
			return fmt.Errorf("queueing: SQS is too busy: %w", err)
		}
	}
	return nil
}

// unsent are the entries that the queue has not taken, and may take when they are sent again. Only those that it says to
// have are sent.
func unsent(entries []sqstypes.SendMessageBatchRequestEntry, output *sqs.SendMessageBatchOutput) ([]sqstypes.SendMessageBatchRequestEntry, error) {
	for _, failed := range output.Failed {
		if failed.SenderFault {
			return nil, fmt.Errorf("the queue refuses a message: %s", printable(aws.ToString(failed.Code)))
		}
	}
	taken := map[string]bool{}
	for _, entry := range output.Successful {
		taken[aws.ToString(entry.Id)] = true
	}
	return slices.DeleteFunc(slices.Clone(entries), func(e sqstypes.SendMessageBatchRequestEntry) bool { return taken[*e.Id] }), nil
}

// errBusy is that requests got nowhere.
var errBusy = fmt.Errorf("nothing was done in %d attempts", maxAttempts)

// pause waits before the next attempt when something is left: longer after each that got nowhere, and at random, so that
// not all come back at once.
func pause(ctx context.Context, attempt, left int) error {
	if left == 0 {
		return nil
	}
	if attempt+1 == maxAttempts {
		return errBusy
	}
	timer := time.NewTimer(rand.N(min(50*time.Millisecond<<attempt, longestPause)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
