package services_test

import (
	"crypto/rand"
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"postern/local/chaos"
	"postern/local/iam"
	"postern/local/services"
)

// Troubles are the faults of the next calls, None when there are no more, and the calls that were made.
type troubles struct {
	mu            sync.Mutex
	before, after []chaos.Fault
	calls         []chaos.Call
}

func (f *troubles) Before(call chaos.Call) chaos.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
	return next(&f.before)
}

func (f *troubles) After(chaos.Call) chaos.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return next(&f.after)
}

func next(faults *[]chaos.Fault) chaos.Fault {
	if len(*faults) == 0 {
		return chaos.None
	}
	fault := (*faults)[0]
	*faults = (*faults)[1:]
	return fault
}

func startTroubledAWS(t *testing.T, faults *troubles) awsRun {
	t.Helper()
	g, s := newGuard(), stack()
	server, err := services.StartAWS(services.AWSConfig{
		Data: t.TempDir(), Region: s.Region, AccountID: s.AccountID, Issuer: g.issuer, Policies: g.policies, Random: rand.Reader,
		Tables: s.Tables, Secrets: s.Secrets, Queues: g.queues, Log: g.denied, Faults: faults,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return awsRun{server, g}
}

func TestDynamoDBFaults(t *testing.T) {
	faults := &troubles{}
	server := startTroubledAWS(t, faults)
	ctx, manage, operator := t.Context(), server.dynamodb(server.issue(t, "ManageRole")), server.dynamodb(server.issue(t, iam.Operator))
	write := func() error {
		_, err := manage.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("uploads"), Item: map[string]types.AttributeValue{"owner": text("o"), "id": text("1")}})
		return err
	}
	transact := func() error {
		_, err := manage.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{TableName: aws.String("uploads"), Item: map[string]types.AttributeValue{"owner": text("o"), "id": text("1")}}},
			{Put: &types.Put{TableName: aws.String("uploads"), Item: map[string]types.AttributeValue{"owner": text("o"), "id": text("2")}}},
		}})
		return err
	}
	count := func() int {
		list, err := operator.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String("uploads")})
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range list.Items {
			if _, err := operator.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String("uploads"), Key: item}); err != nil {
				t.Fatal(err)
			}
		}
		return len(list.Items)
	}
	for name, test := range map[string]struct {
		call          func() error
		before, after chaos.Fault
		code          string
		items         int // that are there afterwards
	}{
		"nothing":                 {write, chaos.None, chaos.None, "", 1},
		"throttle":                {write, chaos.Throttle, chaos.None, "ProvisionedThroughputExceededException", 0},
		"failure before":          {write, chaos.Failure, chaos.None, "InternalServerError", 0},
		"failure after":           {write, chaos.None, chaos.Failure, "InternalServerError", 1},
		"transaction throttled":   {transact, chaos.Throttle, chaos.None, "ThrottlingException", 0},
		"transaction in conflict": {transact, chaos.Conflict, chaos.None, "TransactionCanceledException", 0},
		"transaction that failed": {transact, chaos.None, chaos.Failure, "InternalServerError", 2},
	} {
		faults.before, faults.after = []chaos.Fault{test.before}, []chaos.Fault{test.after}
		err := test.call()
		if code := codeOf(err); code != test.code {
			t.Errorf("%s: got %v, want %q", name, err, test.code)
		}
		if got := count(); got != test.items {
			t.Errorf("%s: %d items are written, want %d", name, got, test.items)
		}
		if cancelled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
			var codes []string
			for _, reason := range cancelled.CancellationReasons {
				codes = append(codes, *reason.Code)
			}
			if diff := cmp.Diff(codes, []string{"TransactionConflict", "None"}); diff != "" {
				t.Errorf("%s: reasons (-got +want):\n%s", name, diff)
			}
		}
	}
}

func TestWhoseCallsAreFaulty(t *testing.T) {
	faults := &troubles{}
	server := startTroubledAWS(t, faults)
	ctx, key := t.Context(), map[string]types.AttributeValue{"mail": text("a@example.com")}
	get := func(role string, most int) {
		c := dynamodb.New(dynamodb.Options{Region: region, BaseEndpoint: &server.URL, Credentials: server.issue(t, role).Provider(), RetryMaxAttempts: most})
		_, _ = c.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("users"), Key: key})
	}
	faults.before = []chaos.Fault{chaos.Throttle, chaos.Throttle}
	get("AuthorizerRole", 3)
	get("AuthorizerRole", 1)
	get(iam.Operator, 1)
	get("ManageRole", 1) // may not
	want := []chaos.Call{
		{Role: "AuthorizerRole", Service: "dynamodb"},
		{Role: "AuthorizerRole", Service: "dynamodb"},
		{Role: "AuthorizerRole", Service: "dynamodb", Final: true},
		{Role: "AuthorizerRole", Service: "dynamodb", Final: true},
	}
	if diff := cmp.Diff(faults.calls, want); diff != "" {
		t.Errorf("calls (-got +want):\n%s", diff)
	}
}

// TestRepeatedTransaction has the SDK repeat transactions whose answers got lost.
func TestRepeatedTransaction(t *testing.T) {
	faults := &troubles{after: []chaos.Fault{chaos.Failure}}
	server := startTroubledAWS(t, faults)
	ctx := t.Context()
	manage := dynamodb.New(dynamodb.Options{Region: region, BaseEndpoint: &server.URL, Credentials: server.issue(t, "ManageRole").Provider()})
	transact := func(token *string, id string) error {
		_, err := manage.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{ClientRequestToken: token, TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{
				TableName: aws.String("uploads"), Item: map[string]types.AttributeValue{"owner": text("o"), "id": &types.AttributeValueMemberS{Value: id}},
				ConditionExpression: aws.String("attribute_not_exists(id)"),
			}},
		}})
		return err
	}
	if err := transact(nil, "1"); err != nil || len(faults.calls) != 2 {
		t.Errorf("got %v after %d attempts, want success at the second", err, len(faults.calls))
	}
	if err := transact(nil, "1"); codeOf(err) != "TransactionCanceledException" {
		t.Errorf("another one that does the same: got %v, want its condition to fail", err)
	}
	token := aws.String("a token of the caller")
	if err := transact(token, "2"); err != nil {
		t.Fatal(err)
	}
	if err := transact(token, "2"); err != nil {
		t.Errorf("the same again: got %v", err)
	}
	if err := transact(token, "3"); codeOf(err) != "IdempotentParameterMismatchException" {
		t.Errorf("another one by the same token: got %v, want IdempotentParameterMismatchException", err)
	}
	if err := transact(aws.String("another"), "2"); codeOf(err) != "TransactionCanceledException" {
		t.Errorf("the same by another token: got %v, want its condition to fail", err)
	}
}

func TestS3Faults(t *testing.T) {
	g, faults := newGuard(), &troubles{}
	operator := g.issue(t, iam.Operator)
	server, err := services.StartS3(services.S3Config{
		Data: t.TempDir(), Region: region, AccountID: account, Issuer: g.issuer, Policies: g.policies, Operator: operator,
		Buckets: stack().Buckets, Queues: g.queues, Faults: faults,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	r := s3Run{S3: server, guard: g}
	r.client, r.signer = r.clientOf(operator), r.signerOf(t, "PresignRole")
	version := r.putVersions(t, 1)[0]
	inspect := s3.New(s3.Options{
		Region: region, BaseEndpoint: &r.URL, UsePathStyle: true, Credentials: g.issue(t, "InspectRole").Provider(), RetryMaxAttempts: 1,
	})
	tag := func(value string) error {
		_, err := inspect.PutObjectTagging(t.Context(), &s3.PutObjectTaggingInput{
			Bucket: aws.String(bucket), Key: aws.String(key), VersionId: &version, Tagging: status(value),
		})
		return err
	}
	get := func(string) error {
		_, err := inspect.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), VersionId: &version})
		return err
	}
	for _, test := range []struct {
		name          string
		call          func(string) error
		before, after chaos.Fault
		code          string
		tag           string // "ready" or "rejected": what the call sets, and what is there afterwards
	}{
		{"nothing", tag, chaos.None, chaos.None, "", "ready"},
		{"throttle", tag, chaos.Throttle, chaos.None, "SlowDown", "ready"},
		{"failure before", tag, chaos.Failure, chaos.None, "InternalError", "ready"},
		{"failure after", tag, chaos.None, chaos.Failure, "InternalError", "rejected"},
		{"failure after a read", get, chaos.None, chaos.Failure, "InternalError", "rejected"},
	} {
		faults.before, faults.after = []chaos.Fault{test.before}, []chaos.Fault{test.after}
		set := "rejected"
		if test.name == "nothing" {
			set = "ready"
		}
		if code := codeOf(test.call(set)); code != test.code {
			t.Errorf("%s: got %s, want %q", test.name, code, test.code)
		}
		if got, want := r.describe(t, version), "0 video/0 0 44 status="+test.tag; got != want {
			t.Errorf("%s: the version is %s, want %s", test.name, got, want)
		}
	}

	// Neither forms nor presigned URLs, nor the operator.
	faults.before, faults.calls = []chaos.Fault{chaos.Failure}, nil
	body, boundary := encode(t, r.form(t), "a video")
	if status, code := r.post(t, body, boundary); status != http.StatusNoContent {
		t.Errorf("a form: got %d %s, want 204", status, code)
	}
	url, err := s3.NewPresignClient(inspect).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), VersionId: &version})
	if err != nil {
		t.Fatal(err)
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, url.URL, nil)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if _, err := r.client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)}); err != nil {
		t.Errorf("the operator: got %v", err)
	}
	if response.StatusCode != http.StatusOK || len(faults.calls) != 0 {
		t.Errorf("a presigned URL: got %d, and %d calls that may fail, want 200 and none", response.StatusCode, len(faults.calls))
	}
	_ = get("")
	if diff := cmp.Diff(faults.calls, []chaos.Call{{Role: "InspectRole", Service: "s3", Final: true}}); diff != "" {
		t.Errorf("calls (-got +want):\n%s", diff)
	}
}
