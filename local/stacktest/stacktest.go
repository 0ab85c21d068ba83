// Package stacktest holds the stack that tests of the local services share, and who may call them. Only tests import it.
package stacktest

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"postern/internal/cfn"
	"postern/local/awsserver"
	"postern/local/chaos"
	"postern/local/iam"
	"postern/local/queue"
)

// Names of the stack.
const (
	Region    = "eu-west-1"
	Account   = "123456789012"
	Bucket    = "postern-local-uploads"
	BucketARN = "arn:aws:s3:::" + Bucket
	Tables    = "arn:aws:dynamodb:" + Region + ":" + Account + ":table/"
	QueueARN  = "arn:aws:sqs:" + Region + ":" + Account + ":inspections"
	QueueURL  = "https://sqs." + Region + ".amazonaws.com/" + Account + "/inspections"
	DeadURL   = "https://sqs." + Region + ".amazonaws.com/" + Account + "/dead-letters"
	BusARN    = "arn:aws:events:" + Region + ":" + Account + ":event-bus/default"
	SecretARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:OwnerKey-AbCdEf"
)

type conditions = map[string]map[string][]string

// Stack returns a stack whose roles have the shapes of this project's.
func Stack() *cfn.Stack {
	folders := []string{BucketARN + "/videos/*"}
	allow := func(resources []string, c conditions, actions ...string) cfn.Statement {
		return cfn.Statement{Effect: "Allow", Actions: actions, Resources: resources, Conditions: c}
	}
	return &cfn.Stack{
		Region: Region, AccountID: Account,
		Roles: []cfn.Role{
			{LogicalID: "AuthorizerRole", Name: "authorizer", Statements: []cfn.Statement{
				allow([]string{Tables + "users"}, nil, "dynamodb:GetItem", "dynamodb:BatchGetItem"),
				allow([]string{Tables + "users"}, conditions{
					"ForAllValues:StringLike": {"dynamodb:LeadingKeys": {"guesses#*"}}, "Null": {"dynamodb:LeadingKeys": {"false"}},
				}, "dynamodb:UpdateItem"),
				allow([]string{SecretARN}, nil, "secretsmanager:GetSecretValue"),
			}},
			{LogicalID: "PresignRole", Name: "presign", Statements: []cfn.Statement{
				allow(folders, nil, "s3:PutObject"),
				allow(folders, conditions{"StringEquals": {"s3:RequestObjectTag/status": {"pending"}}}, "s3:PutObjectTagging"),
			}},
			{LogicalID: "ManageRole", Name: "manage", Statements: []cfn.Statement{
				allow(folders, nil, "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:DeleteObjectVersion"),
				allow(folders, conditions{"StringEquals": {"s3:RequestObjectTag/status": {"pending"}}}, "s3:PutObjectTagging"),
				allow(folders, conditions{"StringEquals": {"s3:ExistingObjectTag/status": {"ready"}}}, "s3:GetObjectVersion"),
				allow(folders, conditions{"StringLike": {"s3:RequestObjectTag/status": {"ready", "rejected"}}}, "s3:PutObjectVersionTagging"),
				allow([]string{BucketARN}, conditions{"StringLike": {"s3:prefix": {"videos/*"}}}, "s3:ListBucketVersions"),
				allow([]string{BucketARN}, nil, "s3:ListBucketMultipartUploads"),
				allow([]string{Tables + "uploads"}, nil, "dynamodb:Query", "dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"),
				allow([]string{QueueARN}, nil, "sqs:SendMessage"),
			}},
			{LogicalID: "InspectRole", Name: "inspect", Statements: []cfn.Statement{
				allow(folders, nil, "s3:GetObjectVersion", "s3:DeleteObjectVersion", "s3:GetObjectVersionTagging"),
				allow(folders, conditions{"StringEquals": {"s3:RequestObjectTag/status": {"ready", "rejected"}}}, "s3:PutObjectVersionTagging"),
				allow([]string{BucketARN}, conditions{"StringLike": {"s3:prefix": {"videos/*"}}}, "s3:ListBucketVersions"),
				allow([]string{QueueARN}, nil, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
				allow([]string{BusARN}, conditions{"StringEquals": {"events:source": {"postern"}}}, "events:PutEvents"),
			}},
		},
		Queues: []cfn.Queue{
			{
				LogicalID: "Inspections", Name: "inspections", ARN: QueueARN, URL: QueueURL, Visibility: time.Minute,
				Policy: []cfn.Statement{{
					Sid: "Bucket", Effect: "Allow", Service: "s3.amazonaws.com", Actions: []string{"sqs:SendMessage"}, Resources: []string{QueueARN},
					Conditions: conditions{"ArnLike": {"aws:SourceArn": {"arn:aws:s3:::*"}}, "StringEquals": {"aws:SourceAccount": {Account}}},
				}},
			},
			{LogicalID: "DeadLetters", Name: "dead-letters", ARN: QueueARN + "-dead", URL: DeadURL, Visibility: time.Minute},
		},
		Buckets: []cfn.Bucket{{
			LogicalID: "Uploads", Name: Bucket, Versioned: true,
			Notifications: []cfn.Notification{{Event: "s3:ObjectCreated:*", Queue: "Inspections"}},
			CORS: []cfn.CORSRule{{
				AllowedOrigins: []string{"https://app.example.com"}, AllowedMethods: []string{"POST"},
				AllowedHeaders: []string{"*"}, ExposeHeaders: []string{"ETag"}, MaxAge: time.Hour,
			}},
			Policy: []cfn.Statement{{
				Sid: "DenyOldSignatures", Effect: "Deny", Actions: []string{"s3:*"}, Resources: []string{BucketARN, BucketARN + "/*"},
				Conditions: conditions{
					"NumericGreaterThan": {"s3:signatureAge": {"900000"}},
					"StringEquals":       {"s3:authType": {"POST", "REST-QUERY-STRING"}},
				},
			}},
		}},
		Tables: []cfn.Table{
			{LogicalID: "Users", Name: "users", PartitionKey: "mail"},
			{LogicalID: "Uploads", Name: "uploads", PartitionKey: "owner", SortKey: "id"},
		},
		Secrets: []cfn.Secret{{LogicalID: "OwnerKey", Name: "OwnerKey", ARN: SecretARN, Length: 64}},
	}
}

// A Guard holds the credentials, policies and queues of the stack.
type Guard struct {
	Issuer   *iam.Issuer
	Policies *iam.Policies
	Queues   *queue.Queues
	Log      *Buffer // what was denied, and events
}

// NewGuard returns a guard of the stack that has issued nothing yet.
func NewGuard() Guard {
	log := &Buffer{}
	return Guard{iam.NewIssuer(rand.Reader), iam.NewPolicies(Stack(), log), queue.New(Stack(), log, nil), log}
}

// Inspections returns the queue that the bucket notifies.
func (g Guard) Inspections(t *testing.T) *queue.Queue {
	t.Helper()
	q, ok := g.Queues.Find("Inspections")
	if !ok {
		t.Fatal("there is no queue")
	}
	return q
}

// Issue issues credentials of a role.
func (g Guard) Issue(t *testing.T, role string) iam.Credentials {
	t.Helper()
	credentials, err := g.Issuer.Issue(role)
	if err != nil {
		t.Fatal(err)
	}
	return credentials
}

// A Server is a running server of the AWS services under test.
type Server struct {
	*awsserver.Server
	Guard
}

// Serve serves services until the test ends. Faults may be nil.
func Serve(t *testing.T, g Guard, faults awsserver.Faults, services ...awsserver.Service) Server {
	t.Helper()
	server, err := awsserver.Start(awsserver.Config{Region: Region, Issuer: g.Issuer, Policies: g.Policies, Services: services, Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return Server{server, g}
}

// Client returns the configuration of an SDK client that makes one attempt a call.
func (s Server) Client(c iam.Credentials) aws.Config {
	return aws.Config{Region: Region, BaseEndpoint: &s.URL, Credentials: c.Provider(), RetryMaxAttempts: 1}
}

// Code returns the code of a service's error, or nothing if err is none.
func Code(err error) string {
	if failure, ok := errors.AsType[smithy.APIError](err); ok {
		return failure.ErrorCode()
	}
	return ""
}

// Faults are the faults of the next calls, None when there are no more, and the calls that were made.
type Faults struct {
	mu sync.Mutex

	BeforeNext, AfterNext []chaos.Fault
	Calls                 []chaos.Call
}

// Set replaces the faults of the next calls, and forgets the calls that were made.
func (f *Faults) Set(before, after []chaos.Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.BeforeNext, f.AfterNext, f.Calls = before, after, nil
}

// Made returns the calls that were made.
func (f *Faults) Made() []chaos.Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.Calls)
}

// Before implements awsserver.Faults.
func (f *Faults) Before(call chaos.Call) chaos.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Calls = append(f.Calls, call)
	return next(&f.BeforeNext)
}

// After implements awsserver.Faults.
func (f *Faults) After(chaos.Call) chaos.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return next(&f.AfterNext)
}

func next(faults *[]chaos.Fault) chaos.Fault {
	if len(*faults) == 0 {
		return chaos.None
	}
	fault := (*faults)[0]
	*faults = (*faults)[1:]
	return fault
}

// A Buffer may be read while another goroutine writes it.
type Buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns what was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Last returns the last line that was written.
func (b *Buffer) Last() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(b.buf.String()), "\n")
	return lines[len(lines)-1]
}
