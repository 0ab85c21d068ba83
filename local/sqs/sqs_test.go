package sqs_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"postern/local/iam"
	local "postern/local/sqs"
	"postern/local/stacktest"
)

func start(t *testing.T) stacktest.Server {
	t.Helper()
	g := stacktest.NewGuard()
	return stacktest.Serve(t, g, nil, local.New(g.Queues))
}

// client has the queue's URL of AWS and this server's address, as functions do.
func client(server stacktest.Server, c iam.Credentials) *sqs.Client {
	return sqs.NewFromConfig(server.Client(c))
}

func TestSQS(t *testing.T) {
	server := start(t)
	operator := client(server, server.Issue(t, iam.Operator))
	ctx, url := t.Context(), aws.String(stacktest.QueueURL)

	// The SDK compares the digests of what it sends and receives with the answers'.
	first, err := operator.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String(`{"a":"ä <&>"}`)})
	if err != nil {
		t.Fatal(err)
	}
	sent, err := operator.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: url, Entries: []types.SendMessageBatchRequestEntry{
		{Id: aws.String("1"), MessageBody: aws.String("b")},
		{Id: aws.String("2"), MessageBody: aws.String("c"), DelaySeconds: 900},
		{Id: aws.String("3"), MessageBody: aws.String("\x00")},
	}})
	if err != nil || len(sent.Successful) != 2 || len(sent.Failed) != 1 || *sent.Failed[0].Id != "3" || *sent.Failed[0].Code != "InvalidMessageContents" {
		t.Fatalf("got %v, %v, want two sent and one refused", sent, err)
	}
	received, err := operator.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: 10, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"ApproximateReceiveCount"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range received.Messages {
		got = append(got, *m.Body+" "+m.Attributes["ApproximateReceiveCount"])
	}
	if diff := cmp.Diff(got, []string{`{"a":"ä <&>"} 1`, "b 1"}); diff != "" || *received.Messages[0].MessageId != *first.MessageId {
		t.Errorf("received (-got +want):\n%s", diff)
	}
	if _, err := operator.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: received.Messages[0].ReceiptHandle}); err != nil {
		t.Error(err)
	}
	attributes, err := operator.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesDelayed": "1", "ApproximateNumberOfMessagesNotVisible": "1",
		"QueueArn": stacktest.QueueARN, "VisibilityTimeout": "60",
	}
	if diff := cmp.Diff(attributes.Attributes, want); diff != "" {
		t.Errorf("attributes (-got +want):\n%s", diff)
	}
}

func TestWaits(t *testing.T) {
	server := start(t)
	operator := client(server, server.Issue(t, iam.Operator))
	received := make(chan string)
	go func() {
		out, err := operator.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(stacktest.QueueURL), WaitTimeSeconds: 20})
		if err != nil || len(out.Messages) != 1 {
			received <- "nothing"
			return
		}
		received <- *out.Messages[0].Body
	}()
	server.Inspections(t).Send("a", 0)
	if got := <-received; got != "a" {
		t.Errorf("received %s, want a", got)
	}
}

func TestRefuses(t *testing.T) {
	server := start(t)
	operator := client(server, server.Issue(t, iam.Operator))
	ctx, url := t.Context(), aws.String(stacktest.QueueURL)
	entries := func(n int, body string) []types.SendMessageBatchRequestEntry {
		var all []types.SendMessageBatchRequestEntry
		for i := range n {
			all = append(all, types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: &body})
		}
		return all
	}
	send := func(body string, delay int32) error {
		_, err := operator.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: &body, DelaySeconds: delay})
		return err
	}
	batch := func(entries []types.SendMessageBatchRequestEntry) error {
		_, err := operator.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: url, Entries: entries})
		return err
	}
	receive := func(input sqs.ReceiveMessageInput) error {
		input.QueueUrl = url
		_, err := operator.ReceiveMessage(ctx, &input)
		return err
	}
	_, elsewhere := operator.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(stacktest.QueueURL + "2"), MessageBody: aws.String("a")})
	_, purge := operator.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: url})
	_, unknown := operator.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{"Color"}})
	_, extra := operator.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("a"), MessageAttributes: map[string]types.MessageAttributeValue{
		"a": {DataType: aws.String("String"), StringValue: aws.String("b")},
	}})
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"no such queue":     {elsewhere, "QueueDoesNotExist"},
		"empty message":     {send("", 0), "MissingParameter"},
		"too long":          {send(strings.Repeat("a", 256<<10+1), 0), "InvalidParameterValue"},
		"control character": {send("\x1b", 0), "InvalidMessageContents"},
		"negative delay":    {send("a", -1), "InvalidParameterValue"},
		"long delay":        {send("a", 901), "InvalidParameterValue"},
		"attributes":        {extra, "UnsupportedOperation"},
		"empty batch":       {batch([]types.SendMessageBatchRequestEntry{}), "EmptyBatchRequest"},
		"large batch":       {batch(entries(11, "a")), "TooManyEntriesInBatchRequest"},
		"long batch":        {batch(entries(2, strings.Repeat("a", 200<<10))), "BatchRequestTooLong"},
		"one id twice":      {batch(append(entries(1, "a"), entries(1, "b")...)), "BatchEntryIdsNotDistinct"},
		"too many":          {receive(sqs.ReceiveMessageInput{MaxNumberOfMessages: 11}), "InvalidParameterValue"},
		"too long a wait":   {receive(sqs.ReceiveMessageInput{WaitTimeSeconds: 21}), "InvalidParameterValue"},
		"hidden too long":   {receive(sqs.ReceiveMessageInput{VisibilityTimeout: 43201}), "InvalidParameterValue"},
		"unknown attribute": {unknown, "InvalidAttributeName"},
		"other operation":   {purge, "UnsupportedOperation"},
	} {
		if code := stacktest.Code(test.err); code != test.want {
			t.Errorf("%s: got %v, want %s", name, test.err, test.want)
		}
	}
	if c := server.Inspections(t).Counts(); c.Visible+c.Delayed+c.Received != 0 {
		t.Errorf("what was refused is in the queue: %+v", c)
	}
}

// TestRoles checks that roles use only the queues and operations that they may.
func TestRoles(t *testing.T) {
	server := start(t)
	ctx := t.Context()
	manage, inspect := client(server, server.Issue(t, "ManageRole")), client(server, server.Issue(t, "InspectRole"))
	send := func(c *sqs.Client, url string) error {
		_, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("a")})
		return err
	}
	batch := func(c *sqs.Client) error {
		_, err := c.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: aws.String(stacktest.QueueURL), Entries: []types.SendMessageBatchRequestEntry{
			{Id: aws.String("1"), MessageBody: aws.String("b")},
		}})
		return err
	}
	receive := func(c *sqs.Client) error {
		_, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(stacktest.QueueURL)})
		return err
	}
	purge := func(c *sqs.Client) error {
		_, err := c.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: aws.String(stacktest.QueueURL)})
		return err
	}
	for _, test := range []struct {
		name  string
		call  func() error
		lacks string // empty: it is allowed
	}{
		{"manage sends", func() error { return send(manage, stacktest.QueueURL) }, ""},
		{"manage sends a batch", func() error { return batch(manage) }, ""},
		{"manage sends to the dead letters", func() error { return send(manage, stacktest.DeadURL) }, "ManageRole lacks sqs:SendMessage on " + stacktest.QueueARN + "-dead"},
		{"manage sends elsewhere", func() error { return send(manage, stacktest.QueueURL+"2") }, "ManageRole lacks sqs:SendMessage on *"},
		{"manage receives", func() error { return receive(manage) }, "ManageRole lacks sqs:ReceiveMessage on " + stacktest.QueueARN},
		{"inspect receives", func() error { return receive(inspect) }, ""},
		{"inspect sends", func() error { return send(inspect, stacktest.QueueURL) }, "InspectRole lacks sqs:SendMessage on " + stacktest.QueueARN},
		{"inspect sends a batch", func() error { return batch(inspect) }, "InspectRole lacks sqs:SendMessage on " + stacktest.QueueARN},
		{"inspect purges", func() error { return purge(inspect) }, "InspectRole lacks sqs:PurgeQueue on " + stacktest.QueueARN},
	} {
		err := test.call()
		switch {
		case test.lacks == "" && err != nil:
			t.Errorf("%s: got %v, want it allowed", test.name, err)
		case test.lacks != "" && stacktest.Code(err) != "AccessDeniedException":
			t.Errorf("%s: got %v, want AccessDeniedException", test.name, err)
		case test.lacks != "" && server.Log.Last() != "iam: denied: "+test.lacks:
			t.Errorf("%s: logged %q, want %q", test.name, server.Log.Last(), test.lacks)
		}
	}
}
