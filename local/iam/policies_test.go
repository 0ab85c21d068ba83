package iam_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/internal/cfn"
	"postern/local/iam"
)

const (
	bucket  = "arn:aws:s3:::postern-local-uploads"
	video   = bucket + "/videos/o/1.mp4"
	users   = "arn:aws:dynamodb:eu-west-1:000000000000:table/users"
	uploads = "arn:aws:dynamodb:eu-west-1:000000000000:table/uploads"
	queue   = "arn:aws:sqs:eu-west-1:000000000000:inspections"
	bus     = "arn:aws:events:eu-west-1:000000000000:event-bus/default"
)

type conditions = map[string]map[string][]string

// The stack of these tests: roles as this project has them, and as it will.
func stack() *cfn.Stack {
	folders := []string{bucket + "/videos/*", bucket + "/images/*"}
	return &cfn.Stack{
		AccountID: "000000000000",
		Roles: []cfn.Role{
			{LogicalID: "Authorizer", Name: "authorizer", Statements: []cfn.Statement{
				{Sid: "Users", Effect: "Allow", Actions: []string{"dynamodb:GetItem", "dynamodb:BatchGetItem"}, Resources: []string{users}},
			}},
			{LogicalID: "Presign", Name: "presign", Statements: []cfn.Statement{
				{Sid: "Put", Effect: "Allow", Actions: []string{"s3:PutObject"}, Resources: folders},
				{
					Sid: "TagPending", Effect: "Allow", Actions: []string{"s3:PutObjectTagging"}, Resources: folders,
					Conditions: conditions{"StringEquals": {"s3:RequestObjectTag/status": {"pending"}}},
				},
			}},
			{LogicalID: "Manage", Name: "manage", Statements: []cfn.Statement{
				{
					Sid: "ReadReady", Effect: "Allow", Actions: []string{"s3:GetObjectVersion"}, Resources: folders,
					Conditions: conditions{"StringEquals": {"s3:ExistingObjectTag/status": {"ready"}}},
				},
				{
					Sid: "List", Effect: "Allow", Actions: []string{"s3:ListBucketVersions"}, Resources: []string{bucket},
					Conditions: conditions{"StringLike": {"s3:prefix": {"videos/*", "images/*"}}},
				},
			}},
			{LogicalID: "Inspect", Name: "inspect", Statements: []cfn.Statement{
				{
					Sid: "Tag", Effect: "Allow", Actions: []string{"s3:PutObjectVersionTagging"}, Resources: folders,
					Conditions: conditions{"StringEquals": {"s3:RequestObjectTag/status": {"ready", "rejected"}}},
				},
				{
					Sid: "Events", Effect: "Allow", Actions: []string{"events:PutEvents"}, Resources: []string{bus},
					Conditions: conditions{
						"ForAllValues:StringEquals": {"events:source": {"postern"}},
						"Null":                      {"events:source": {"false"}},
						"StringEquals":              {"events:detail-type": {"Upload Ready", "Upload Rejected"}},
					},
				},
			}},
			{LogicalID: "Wide", Name: "wide", Statements: []cfn.Statement{
				{Effect: "Allow", Actions: []string{"S3:get*"}, Resources: []string{"*"}},
				{Sid: "NotSecrets", Effect: "Deny", Actions: []string{"s3:*"}, Resources: []string{bucket + "/secret-?/*"}},
			}},
			{LogicalID: "Unusual", Name: "unusual", Statements: []cfn.Statement{
				{Effect: "Allow", Actions: []string{"a:Allowed"}, Resources: []string{"*"}, Conditions: conditions{"DateLessThan": {"s3:prefix": {"x"}}}},
				{Effect: "Allow", Actions: []string{"a:Denied", "a:Number", "a:Both"}, Resources: []string{"*"}},
				{Effect: "Deny", Actions: []string{"a:Denied"}, Resources: []string{"*"}, Conditions: conditions{"DateLessThan": {"s3:prefix": {"x"}}}},
				{Effect: "Deny", Actions: []string{"a:Number"}, Resources: []string{"*"}, Conditions: conditions{"NumericLessThan": {"s3:prefix": {"1", "many"}}}},
				{Effect: "Deny", Actions: []string{"a:Number"}, Resources: []string{"*"}, Conditions: conditions{"ArnLike": {"aws:SourceArn": {"*"}}}},
				{Effect: "Deny", Actions: []string{"a:Both"}, Resources: []string{"*"}, Conditions: conditions{"DateLessThan": {"s3:prefix": {"x"}}, "StringEquals": {"s3:prefix": {"y"}}}},
				{Effect: "Maybe", Actions: []string{"a:Other"}, Resources: []string{"*"}},
			}},
		},
		Queues: []cfn.Queue{{Policy: []cfn.Statement{
			{
				Sid: "DenyWithoutTLS", Effect: "Deny", Actions: []string{"sqs:*"}, Resources: []string{queue},
				Conditions: conditions{"Bool": {"aws:SecureTransport": {"false"}}},
			},
			{
				Sid: "Bucket", Effect: "Allow", Service: "s3.amazonaws.com", Actions: []string{"sqs:SendMessage"}, Resources: []string{queue},
				Conditions: conditions{"ArnLike": {"aws:SourceArn": {"arn:aws:s3:::postern-*"}}, "StringEquals": {"aws:SourceAccount": {"000000000000"}}},
			},
			{Effect: "Allow", Service: "events.amazonaws.com", Actions: []string{"sqs:ReceiveMessage"}, Resources: []string{queue}},
		}}},
		Buckets: []cfn.Bucket{{Policy: []cfn.Statement{
			{
				Sid: "DenyOldSignatures", Effect: "Deny", Actions: []string{"s3:*"}, Resources: []string{bucket, bucket + "/*"},
				Conditions: conditions{
					"NumericGreaterThan": {"s3:signatureAge": {"900000"}},
					"StringEquals":       {"s3:authType": {"POST", "REST-QUERY-STRING"}},
				},
			},
			{
				Sid: "DenyWithoutTLS", Effect: "Deny", Actions: []string{"s3:*"}, Resources: []string{bucket, bucket + "/*"},
				Conditions: conditions{"Bool": {"aws:SecureTransport": {"false"}}},
			},
			{
				Sid: "DenyOverwrites", Effect: "Deny", Actions: []string{"s3:PutObject"}, Resources: []string{bucket + "/*"},
				Conditions: conditions{
					"Bool":            {"s3:ObjectCreationOperation": {"true"}},
					"Null":            {"s3:if-none-match": {"true"}},
					"StringNotEquals": {"s3:authType": {"POST", "OTHER"}},
				},
			},
			{
				Sid: "DenyOldTLS", Effect: "Deny", Actions: []string{"s3:*"}, Resources: []string{bucket, bucket + "/*"},
				Conditions: conditions{"NumericLessThan": {"s3:TlsVersion": {"1.2"}}},
			},
		}}},
	}
}

// with are a request's condition keys, as key, value pairs.
func with(pairs ...string) map[string]string {
	keys := make(map[string]string)
	for i := 0; i < len(pairs); i += 2 {
		keys[pairs[i]] = pairs[i+1]
	}
	return keys
}

func TestPolicies(t *testing.T) {
	policies := iam.NewPolicies(stack(), &bytes.Buffer{})
	check := func(want bool) func(principal, action, resource string, pairs ...string) {
		return func(principal, action, resource string, pairs ...string) {
			t.Helper()
			err := policies.Check(principal, iam.Call{Action: action, Resource: resource, Conditions: with(pairs...)})
			if (err == nil) != want {
				t.Errorf("%s, %s on %s with %q: got %v, want allowed: %t", principal, action, resource, pairs, err, want)
			}
		}
	}
	allow, deny := check(true), check(false)

	// The authorizer reads users.
	allow("Authorizer", "dynamodb:GetItem", users)
	allow("Authorizer", "DynamoDB:getitem", users)
	allow("Authorizer", "dynamodb:BatchGetItem", users)
	deny("Authorizer", "dynamodb:PutItem", users)
	deny("Authorizer", "dynamodb:GetItem", uploads)
	deny("Authorizer", "dynamodb:GetItem", strings.ToUpper(users))
	deny("Authorizer", "dynamodb:GetItem", users+"/index/mail")
	deny("Authorizer", "s3:PutObject", video)

	// Presign writes into the folders, with the tag that says pending.
	allow("Presign", "s3:PutObject", video)
	allow("Presign", "s3:PutObject", bucket+"/images/o/1.png")
	deny("Presign", "s3:PutObject", bucket+"/videos-evil/o/1.mp4")
	deny("Presign", "s3:PutObject", bucket+"/videos")
	deny("Presign", "s3:PutObject", bucket)
	deny("Presign", "s3:PutObject", "arn:aws:s3:::another/videos/o/1.mp4")
	deny("Presign", "s3:PutObject", "arn:aws:s3:::postern-local-uploads-evil/videos/o/1.mp4")
	deny("Presign", "s3:GetObject", video)
	allow("Presign", "s3:PutObjectTagging", video, "s3:RequestObjectTag/status", "pending")
	deny("Presign", "s3:PutObjectTagging", video, "s3:RequestObjectTag/status", "ready")
	deny("Presign", "s3:PutObjectTagging", video, "s3:RequestObjectTag/status", "Pending")
	deny("Presign", "s3:PutObjectTagging", video, "s3:RequestObjectTag/status", "pending*")
	deny("Presign", "s3:PutObjectTagging", video, "s3:RequestObjectTag/other", "pending")
	deny("Presign", "s3:PutObjectTagging", video, "s3:ExistingObjectTag/status", "pending")
	deny("Presign", "s3:PutObjectTagging", video)

	// Manage reads what is ready, and lists folders.
	allow("Manage", "s3:GetObjectVersion", video, "s3:ExistingObjectTag/status", "ready")
	deny("Manage", "s3:GetObjectVersion", video, "s3:ExistingObjectTag/status", "pending")
	deny("Manage", "s3:GetObjectVersion", video)
	deny("Manage", "s3:GetObject", video, "s3:ExistingObjectTag/status", "ready")
	allow("Manage", "s3:ListBucketVersions", bucket, "s3:prefix", "videos/o/")
	allow("Manage", "s3:ListBucketVersions", bucket, "s3:prefix", "images/")
	deny("Manage", "s3:ListBucketVersions", bucket, "s3:prefix", "videos")
	deny("Manage", "s3:ListBucketVersions", bucket, "s3:prefix", "")
	deny("Manage", "s3:ListBucketVersions", bucket)

	// Inspect tags with either of two statuses, and sends its own events.
	allow("Inspect", "s3:PutObjectVersionTagging", video, "s3:RequestObjectTag/status", "ready")
	allow("Inspect", "s3:PutObjectVersionTagging", video, "s3:RequestObjectTag/status", "rejected")
	deny("Inspect", "s3:PutObjectVersionTagging", video, "s3:RequestObjectTag/status", "pending")
	allow("Inspect", "events:PutEvents", bus, "events:source", "postern", "events:detail-type", "Upload Ready")
	deny("Inspect", "events:PutEvents", bus, "events:source", "postern", "events:detail-type", "Upload Deleted")
	deny("Inspect", "events:PutEvents", bus, "events:source", "another", "events:detail-type", "Upload Ready")
	deny("Inspect", "events:PutEvents", bus, "events:detail-type", "Upload Ready")
	deny("Inspect", "events:PutEvents", bus+"2", "events:source", "postern", "events:detail-type", "Upload Ready")

	// Of the services, S3 sends what its buckets tell.
	allow("s3.amazonaws.com", "sqs:SendMessage", queue, "aws:SourceArn", bucket, "aws:SourceAccount", "000000000000")
	deny("s3.amazonaws.com", "sqs:SendMessage", queue, "aws:SourceArn", bucket, "aws:SourceAccount", "111111111111")
	deny("s3.amazonaws.com", "sqs:SendMessage", queue, "aws:SourceArn", "arn:aws:s3:::another", "aws:SourceAccount", "000000000000")
	deny("s3.amazonaws.com", "sqs:SendMessage", queue, "aws:SourceArn", "arn:aws:s3:x::postern-local-uploads", "aws:SourceAccount", "000000000000")
	deny("s3.amazonaws.com", "sqs:SendMessage", queue, "aws:SourceArn", "postern-local-uploads", "aws:SourceAccount", "000000000000")
	deny("s3.amazonaws.com", "sqs:SendMessage", queue)
	deny("s3.amazonaws.com", "sqs:ReceiveMessage", queue, "aws:SourceArn", bucket, "aws:SourceAccount", "000000000000")
	deny("sns.amazonaws.com", "sqs:SendMessage", queue, "aws:SourceArn", bucket, "aws:SourceAccount", "000000000000")
	deny("Manage", "sqs:SendMessage", queue, "aws:SourceArn", bucket, "aws:SourceAccount", "000000000000")
	allow(iam.Operator, "sqs:ReceiveMessage", queue)
	deny(iam.Operator, "sqs:ReceiveMessage", queue, "aws:SecureTransport", "false")

	// A denial wins over any permission, whatever their order.
	allow("Wide", "s3:GetObject", video)
	allow("Wide", "s3:GetBucketPolicy", bucket)
	deny("Wide", "s3:PutObject", video)
	deny("Wide", "s3:GetObject", bucket+"/secret-1/key")
	allow("Wide", "s3:GetObject", bucket+"/secret-10/key")

	// The bucket's policy denies to everyone, and a key that the request does not have denies nothing.
	deny("Presign", "s3:PutObject", video, "s3:authType", "POST", "s3:signatureAge", "900001")
	allow("Presign", "s3:PutObject", video, "s3:authType", "POST", "s3:signatureAge", "900000")
	allow("Presign", "s3:PutObject", video, "s3:authType", "POST")
	allow("Presign", "s3:PutObject", video, "s3:authType", "REST-HEADER", "s3:signatureAge", "900001")
	deny("Presign", "s3:PutObject", video, "s3:authType", "REST-QUERY-STRING", "s3:signatureAge", "3600000")
	deny("Presign", "s3:PutObject", video, "s3:authType", "POST", "s3:signatureAge", "old")
	deny("Presign", "s3:PutObject", video, "aws:SecureTransport", "False")
	allow("Presign", "s3:PutObject", video, "aws:SecureTransport", "true")
	deny("Presign", "s3:PutObject", video, "s3:TlsVersion", "1.1")
	allow("Presign", "s3:PutObject", video, "s3:TlsVersion", "1.2")

	// A request that makes an object names If-None-Match, but for a form.
	deny("Presign", "s3:PutObject", video, "s3:ObjectCreationOperation", "true", "s3:authType", "REST-QUERY-STRING")
	deny("Presign", "s3:PutObject", video, "s3:ObjectCreationOperation", "true")
	deny(iam.Operator, "s3:PutObject", video, "s3:ObjectCreationOperation", "true", "s3:authType", "REST-HEADER")
	allow("Presign", "s3:PutObject", video, "s3:ObjectCreationOperation", "true", "s3:authType", "REST-QUERY-STRING", "s3:if-none-match", "*")
	allow("Presign", "s3:PutObject", video, "s3:ObjectCreationOperation", "false", "s3:authType", "REST-QUERY-STRING")
	allow("Presign", "s3:PutObject", video, "s3:ObjectCreationOperation", "true", "s3:authType", "POST")

	// What is not understood denies.
	deny("Unusual", "a:Allowed", "x", "s3:prefix", "x")
	deny("Unusual", "a:Denied", "x", "s3:prefix", "x")
	deny("Unusual", "a:Number", "x", "s3:prefix", "2")
	allow("Unusual", "a:Number", "x")
	deny("Unusual", "a:Number", "x", "aws:SourceArn", bucket) // the wanted ARN is none
	allow("Unusual", "a:Both", "x", "s3:prefix", "x")
	deny("Unusual", "a:Both", "x", "s3:prefix", "y")
	deny("Unusual", "a:Other", "x")

	// The operator may do everything else; anybody else nothing.
	allow(iam.Operator, "dynamodb:DeleteTable", users)
	allow(iam.Operator, "s3:DeleteObject", video)
	deny(iam.Operator, "s3:GetObject", video, "s3:authType", "REST-QUERY-STRING", "s3:signatureAge", "900001")
	deny("Nobody", "dynamodb:GetItem", users)
	deny("", "dynamodb:GetItem", users)
	deny("authorizer", "dynamodb:GetItem", users)
}

func TestDenial(t *testing.T) {
	for name, test := range map[string]struct {
		principal string
		call      iam.Call
		answer    string
		line      string
	}{
		"no statement": {
			"Presign",
			iam.Call{Action: "s3:GetObject", Resource: video, Conditions: with("s3:authType", "REST-HEADER")},
			"User: arn:aws:sts::000000000000:assumed-role/presign/local is not authorized to perform: s3:GetObject on resource: " + video +
				" because no identity-based policy allows the s3:GetObject action",
			"iam: denied: Presign lacks s3:GetObject on " + video,
		},
		"no statement for the tag": {
			"Presign",
			iam.Call{Action: "s3:PutObjectTagging", Resource: video, Conditions: with("s3:authType", "POST", "s3:RequestObjectTag/status", "ready")},
			"User: arn:aws:sts::000000000000:assumed-role/presign/local is not authorized to perform: s3:PutObjectTagging on resource: " + video +
				" because no identity-based policy allows the s3:PutObjectTagging action",
			"iam: denied: Presign lacks s3:PutObjectTagging on " + video + " if s3:RequestObjectTag/status = ready",
		},
		"denying statement of the role": {
			"Wide",
			iam.Call{Action: "s3:GetObject", Resource: bucket + "/secret-1/k"},
			"User: arn:aws:sts::000000000000:assumed-role/wide/local is not authorized to perform: s3:GetObject on resource: " + bucket +
				"/secret-1/k with an explicit deny in an identity-based policy",
			"iam: denied: Wide is refused s3:GetObject on " + bucket + "/secret-1/k by the statement NotSecrets of an identity-based policy",
		},
		"denying statement of the bucket": {
			"Presign",
			iam.Call{Action: "s3:PutObject", Resource: video, Conditions: with("aws:SecureTransport", "false")},
			"User: arn:aws:sts::000000000000:assumed-role/presign/local is not authorized to perform: s3:PutObject on resource: " + video +
				" with an explicit deny in a resource-based policy",
			"iam: denied: Presign is refused s3:PutObject on " + video + " by the statement DenyWithoutTLS of a resource-based policy",
		},
		"service": {
			"s3.amazonaws.com",
			iam.Call{Action: "sqs:SendMessage", Resource: queue, Conditions: with("aws:SourceArn", "arn:aws:s3:::another", "aws:SourceAccount", "000000000000")},
			"User: s3.amazonaws.com is not authorized to perform: sqs:SendMessage on resource: " + queue +
				" because no resource-based policy allows the sqs:SendMessage action",
			"iam: denied: s3.amazonaws.com lacks sqs:SendMessage on " + queue + " if aws:SourceAccount = 000000000000, aws:SourceArn = arn:aws:s3:::another",
		},
		"line feed in a key": {
			"Presign",
			iam.Call{Action: "s3:GetObject", Resource: bucket + "/a\niam: b"},
			"User: arn:aws:sts::000000000000:assumed-role/presign/local is not authorized to perform: s3:GetObject on resource: " + bucket +
				"/a\niam: b because no identity-based policy allows the s3:GetObject action",
			"iam: denied: Presign lacks s3:GetObject on " + bucket + "/a?iam: b",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			err := iam.NewPolicies(stack(), &log).Check(test.principal, test.call)
			denied, ok := errors.AsType[*iam.DeniedError](err)
			if !ok {
				t.Fatalf("got %v, want *iam.DeniedError", err)
			}
			if diff := cmp.Diff([]string{denied.Error(), log.String()}, []string{test.answer, test.line + "\n"}); diff != "" {
				t.Errorf("answer and line (-got +want):\n%s", diff)
			}
		})
	}
}

// TestGrants uses some grants, one of them in a request of which another call is denied.
func TestGrants(t *testing.T) {
	s := stack()
	s.Roles = s.Roles[:2]
	// What the first statement allows already.
	s.Roles[0].Statements = append(s.Roles[0].Statements, cfn.Statement{
		Sid: "Again", Effect: "Allow", Actions: []string{"dynamodb:*"}, Resources: []string{"*"},
	})
	policies := iam.NewPolicies(s, &bytes.Buffer{})
	put := iam.Call{Action: "s3:PutObject", Resource: video}
	tag := iam.Call{Action: "s3:PutObjectTagging", Resource: video, Conditions: with("s3:RequestObjectTag/status", "pending")}
	for range 2 {
		if err := policies.Check("Presign", put, tag); err != nil {
			t.Fatal(err)
		}
	}
	tag.Conditions = with("s3:RequestObjectTag/status", "ready")
	if err := policies.Check("Presign", put, tag); err == nil {
		t.Fatal("a request is allowed though one of its calls is not")
	}
	_ = policies.Check("Authorizer", iam.Call{Action: "dynamodb:GetItem", Resource: users})
	_ = policies.Check(iam.Operator, iam.Call{Action: "dynamodb:BatchGetItem", Resource: users})

	want := []iam.Grant{
		{Role: "Authorizer", Sid: "Users", Action: "dynamodb:GetItem", Resource: users, Used: 1},
		{Role: "Authorizer", Sid: "Users", Action: "dynamodb:BatchGetItem", Resource: users},
		{Role: "Authorizer", Sid: "Again", Action: "dynamodb:*", Resource: "*"},
		{Role: "Presign", Sid: "Put", Action: "s3:PutObject", Resource: bucket + "/videos/*", Used: 2},
		{Role: "Presign", Sid: "Put", Action: "s3:PutObject", Resource: bucket + "/images/*"},
		{Role: "Presign", Sid: "TagPending", Action: "s3:PutObjectTagging", Resource: bucket + "/videos/*", Used: 2},
		{Role: "Presign", Sid: "TagPending", Action: "s3:PutObjectTagging", Resource: bucket + "/images/*"},
	}
	if diff := cmp.Diff(policies.Grants(), want); diff != "" {
		t.Errorf("grants (-got +want):\n%s", diff)
	}
}
