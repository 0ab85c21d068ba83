package services_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/internal/cfn"
	"postern/local/iam"
	"postern/local/queue"
)

const (
	region    = "eu-west-1"
	account   = "123456789012"
	bucket    = "postern-local-uploads"
	bucketARN = "arn:aws:s3:::" + bucket
	tables    = "arn:aws:dynamodb:" + region + ":" + account + ":table/"
	queueARN  = "arn:aws:sqs:" + region + ":" + account + ":inspections"
	queueURL  = "https://sqs." + region + ".amazonaws.com/" + account + "/inspections"
	deadURL   = "https://sqs." + region + ".amazonaws.com/" + account + "/dead-letters"
	busARN    = "arn:aws:events:" + region + ":" + account + ":event-bus/default"
	secretARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:OwnerKey-AbCdEf"
)

type conditions = map[string]map[string][]string

// stack has roles of this project's shapes.
func stack() *cfn.Stack {
	folders := []string{bucketARN + "/videos/*"}
	allow := func(resources []string, c conditions, actions ...string) cfn.Statement {
		return cfn.Statement{Effect: "Allow", Actions: actions, Resources: resources, Conditions: c}
	}
	return &cfn.Stack{
		Region: region, AccountID: account,
		Roles: []cfn.Role{
			{LogicalID: "AuthorizerRole", Name: "authorizer", Statements: []cfn.Statement{
				allow([]string{tables + "users"}, nil, "dynamodb:GetItem", "dynamodb:BatchGetItem"),
				allow([]string{secretARN}, nil, "secretsmanager:GetSecretValue"),
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
				allow([]string{bucketARN}, conditions{"StringLike": {"s3:prefix": {"videos/*"}}}, "s3:ListBucketVersions"),
				allow([]string{bucketARN}, nil, "s3:ListBucketMultipartUploads"),
				allow([]string{tables + "uploads"}, nil, "dynamodb:Query", "dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"),
				allow([]string{queueARN}, nil, "sqs:SendMessage"),
			}},
			{LogicalID: "InspectRole", Name: "inspect", Statements: []cfn.Statement{
				allow(folders, nil, "s3:GetObjectVersion", "s3:DeleteObjectVersion"),
				allow(folders, conditions{"StringEquals": {"s3:RequestObjectTag/status": {"ready", "rejected"}}}, "s3:PutObjectVersionTagging"),
				allow([]string{bucketARN}, conditions{"StringLike": {"s3:prefix": {"videos/*"}}}, "s3:ListBucketVersions"),
				allow([]string{queueARN}, nil, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
				allow([]string{busARN}, conditions{"StringEquals": {"events:source": {"postern"}}}, "events:PutEvents"),
			}},
		},
		Queues: []cfn.Queue{
			{
				LogicalID: "Inspections", Name: "inspections", ARN: queueARN, URL: queueURL, Visibility: time.Minute,
				Policy: []cfn.Statement{{
					Sid: "Bucket", Effect: "Allow", Service: "s3.amazonaws.com", Actions: []string{"sqs:SendMessage"}, Resources: []string{queueARN},
					Conditions: conditions{"ArnLike": {"aws:SourceArn": {"arn:aws:s3:::*"}}, "StringEquals": {"aws:SourceAccount": {account}}},
				}},
			},
			{LogicalID: "DeadLetters", Name: "dead-letters", ARN: queueARN + "-dead", URL: deadURL, Visibility: time.Minute},
		},
		Buckets: []cfn.Bucket{{
			LogicalID: "Uploads", Name: bucket, Versioned: true,
			Notifications: []cfn.Notification{{Event: "s3:ObjectCreated:*", Queue: "Inspections"}},
			CORS: []cfn.CORSRule{{
				AllowedOrigins: []string{"https://app.example.com"}, AllowedMethods: []string{"POST"},
				AllowedHeaders: []string{"*"}, ExposeHeaders: []string{"ETag"}, MaxAge: time.Hour,
			}},
			Policy: []cfn.Statement{{
				Sid: "DenyOldSignatures", Effect: "Deny", Actions: []string{"s3:*"}, Resources: []string{bucketARN, bucketARN + "/*"},
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
		Secrets: []cfn.Secret{{LogicalID: "OwnerKey", Name: "OwnerKey", ARN: secretARN, Length: 64}},
	}
}

// A guard is who may call, what it has denied, and the queues.
type guard struct {
	issuer   *iam.Issuer
	policies *iam.Policies
	denied   *safeBuffer
	queues   *queue.Queues
}

func newGuard() guard {
	denied := &safeBuffer{}
	return guard{iam.NewIssuer(rand.Reader), iam.NewPolicies(stack(), denied), denied, queue.New(stack(), denied, nil)}
}

// inspections is the queue.
func (g guard) inspections(t *testing.T) *queue.Queue {
	t.Helper()
	q, ok := g.queues.Find("Inspections")
	if !ok {
		t.Fatal("there is no queue")
	}
	return q
}

func (g guard) issue(t *testing.T, role string) iam.Credentials {
	t.Helper()
	credentials, err := g.issuer.Issue(role)
	if err != nil {
		t.Fatal(err)
	}
	return credentials
}

// A safeBuffer is a buffer that one goroutine writes while another reads.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// last is the last line.
func (b *safeBuffer) last() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(b.buf.String()), "\n")
	return lines[len(lines)-1]
}
