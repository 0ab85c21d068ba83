package e2e_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"postern/local/localrun"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// An operator calls the services of a local run without the API, with the credentials that the run writes for it.
type operator struct {
	run     *localRun
	tables  *dynamodb.Client
	queues  *sqs.Client
	objects *s3.Client
	secrets *secretsmanager.Client
	outputs map[string]string
}

func (r *localRun) operator(t *testing.T) operator {
	t.Helper()
	shared, err := config.LoadSharedConfigProfile(t.Context(), "default", func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles = []string{filepath.Join(r.Data, "config")}
		o.CredentialsFiles = []string{filepath.Join(r.Data, "credentials")}
	})
	if err != nil {
		t.Fatal(err)
	}
	endpoint := func(service string) *string {
		url, ok, err := shared.GetServiceBaseEndpoint(t.Context(), service)
		if err != nil || !ok {
			t.Fatalf("the local run's config names no endpoint of %s: %v", service, err)
		}
		return &url
	}
	outputs, err := localrun.Outputs(r.Data)
	if err != nil {
		t.Fatal(err)
	}
	provider := credentials.StaticCredentialsProvider{Value: shared.Credentials}
	return operator{
		run:     r,
		tables:  dynamodb.New(dynamodb.Options{Region: shared.Region, Credentials: provider, BaseEndpoint: endpoint(dynamodb.ServiceID)}),
		queues:  sqs.New(sqs.Options{Region: shared.Region, Credentials: provider, BaseEndpoint: endpoint(sqs.ServiceID)}),
		objects: s3.New(s3.Options{Region: shared.Region, Credentials: provider, BaseEndpoint: endpoint(s3.ServiceID), UsePathStyle: true}),
		secrets: secretsmanager.New(secretsmanager.Options{
			Region: shared.Region, Credentials: provider, BaseEndpoint: endpoint(secretsmanager.ServiceID),
		}),
		outputs: outputs,
	}
}

// usage returns an owner's used bytes, as the uploads table has them.
func (o operator) usage(t *testing.T, owner string) int64 {
	t.Helper()
	item := o.item(t, owner, "usage")
	if item == nil {
		return 0
	}
	used, err := strconv.ParseInt(item["used"].(*types.AttributeValueMemberN).Value, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return used
}

// use sets an owner's usage, as it was when files were not counted.
func (o operator) use(t *testing.T, owner string, bytes int64) {
	t.Helper()
	o.useFiles(t, owner, bytes, 0)
}

// useFiles sets an owner's usage. Of no files, the item says nothing.
func (o operator) useFiles(t *testing.T, owner string, bytes, files int64) {
	t.Helper()
	number := func(n int64) types.AttributeValue {
		return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
	}
	item := map[string]types.AttributeValue{
		"owner": &types.AttributeValueMemberS{Value: owner}, "id": &types.AttributeValueMemberS{Value: "usage"}, "used": number(bytes),
	}
	if files > 0 {
		item["files"] = number(files)
	}
	if _, err := o.tables.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: aws.String(o.outputs["UploadsTableName"]), Item: item,
	}); err != nil {
		t.Fatal(err)
	}
}

// ownerOf returns the owner in a user's row.
func (o operator) ownerOf(t *testing.T, mail string) string {
	t.Helper()
	output, err := o.tables.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(o.outputs["UsersTableName"]), Key: map[string]types.AttributeValue{"mail": &types.AttributeValueMemberS{Value: mail}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return output.Item["owner"].(*types.AttributeValueMemberS).Value
}

// item returns an item of the uploads table, or nil if there is none.
func (o operator) item(t *testing.T, owner, id string) map[string]types.AttributeValue {
	t.Helper()
	output, err := o.tables.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(o.outputs["UploadsTableName"]), ConsistentRead: aws.Bool(true),
		Key: map[string]types.AttributeValue{
			"owner": &types.AttributeValueMemberS{Value: owner}, "id": &types.AttributeValueMemberS{Value: id},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return output.Item
}

// published reports whether an upload's record says that its event has been published.
func (o operator) published(t *testing.T, g grant) bool {
	t.Helper()
	published, _ := o.item(t, g.owner(), g.ID)["published"].(*types.AttributeValueMemberBOOL)
	return published != nil && published.Value
}

// send puts a message into the queue of inspections.
func (o operator) send(t *testing.T, body string) {
	t.Helper()
	if _, err := o.queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(o.outputs["QueueUrl"]), MessageBody: &body}); err != nil {
		t.Fatal(err)
	}
}

// dead returns the number of messages in the dead-letter queue.
func (o operator) dead(t *testing.T) int {
	t.Helper()
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties struct{ RedrivePolicy any }
		}
	}
	b, err := os.ReadFile(filepath.Join(assembly, "Postern-local.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &template); err != nil {
		t.Fatal(err)
	}
	queue := o.outputs["QueueUrl"]
	for id, resource := range template.Resources {
		if resource.Type == "AWS::SQS::Queue" && resource.Properties.RedrivePolicy == nil {
			queue = queue[:strings.LastIndex(queue, "/")+1] + "Postern-local-" + id
		}
	}
	return o.messages(t, queue, sqstypes.QueueAttributeNameApproximateNumberOfMessages)
}

// queued returns the number of messages in the queue of inspections, with those that are being processed.
func (o operator) queued(t *testing.T) int {
	t.Helper()
	return o.messages(t, o.outputs["QueueUrl"], sqstypes.QueueAttributeNameApproximateNumberOfMessages,
		sqstypes.QueueAttributeNameApproximateNumberOfMessagesDelayed, sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible)
}

// messages returns the sum of some attributes of a queue that count messages.
func (o operator) messages(t *testing.T, queue string, numbers ...sqstypes.QueueAttributeName) int {
	t.Helper()
	output, err := o.queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: numbers})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, number := range numbers {
		n, err := strconv.Atoi(output.Attributes[string(number)])
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// put stores an object without the API.
func (o operator) put(t *testing.T, key, contentType string, metadata map[string]string, file []byte) {
	t.Helper()
	_, err := o.objects.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(o.outputs["BucketName"]), Key: &key, ContentType: &contentType, Metadata: metadata,
		Body: bytes.NewReader(file), Tagging: aws.String("status=pending"), IfNoneMatch: aws.String("*"),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// versions returns the ids of an object's versions and delete markers.
func (o operator) versions(t *testing.T, key string) []string {
	t.Helper()
	output, err := o.objects.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String(o.outputs["BucketName"]), Prefix: &key})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, v := range output.Versions {
		ids = append(ids, *v.VersionId)
	}
	for _, m := range output.DeleteMarkers {
		ids = append(ids, *m.VersionId)
	}
	return ids
}

// tag returns the value of the tag status of an object's current version.
func (o operator) tag(t *testing.T, key string) string {
	t.Helper()
	output, err := o.objects.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: aws.String(o.outputs["BucketName"]), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(output.TagSet, func(tag s3types.Tag) bool { return *tag.Key == "status" })
	if i < 0 {
		return ""
	}
	return *output.TagSet[i].Value
}

// An event is one that the event bus has received.
type event struct {
	Source     string
	DetailType string `json:"detail-type"`
	Detail     struct {
		ID     string
		Upload map[string]any
	}
}

// events returns the events of an upload so far.
func (r *localRun) events(t *testing.T, id string) []event {
	t.Helper()
	var found []event
	for _, line := range r.allEvents(t) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if e.Detail.Upload["id"] == id {
			found = append(found, e)
		}
	}
	return found
}

// allEvents returns all events that the event bus has received, each as its JSON.
func (r *localRun) allEvents(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(r.Data, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.FieldsFunc(string(b), func(r rune) bool { return r == '\n' })
}

// awaitEvent waits until the event bus has received an upload's event of a kind, and returns the first.
func (r *localRun) awaitEvent(t *testing.T, id, kind string) event {
	t.Helper()
	var found []event
	eventually(t, func() bool {
		found = slices.DeleteFunc(r.events(t, id), func(e event) bool { return e.DetailType != kind })
		return len(found) > 0
	}, func() string { return "no event " + kind + " of " + id + "; logs:\n" + tail(r.Log()) })
	return found[0]
}

// tail returns the end of a text.
func tail(text string) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}
