package stack_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestObjectLog reads where S3 logs the requests to the uploads, and who may write and read there.
func TestObjectLog(t *testing.T) {
	uploads := written(choices.of("AWS::S3::Bucket")["Uploads"].Properties).(map[string]any)
	if diff := cmp.Diff(uploads["LoggingConfiguration"], any(map[string]any{
		"DestinationBucketName": "${ObjectLog}", "LogFilePrefix": "access/",
		"TargetObjectKeyFormat": map[string]any{"PartitionedPrefix": map[string]any{"PartitionDateSource": "EventTime"}},
	})); diff != "" {
		t.Errorf("logging (-got +want):\n%s", diff)
	}
	got := written(choices.of("AWS::S3::Bucket")["ObjectLog"].Properties).(map[string]any)
	delete(got, "Tags")
	if diff := cmp.Diff(got, map[string]any{
		"BucketEncryption": map[string]any{"ServerSideEncryptionConfiguration": []any{map[string]any{
			"BlockedEncryptionTypes":        map[string]any{"EncryptionType": []any{"SSE-C"}},
			"ServerSideEncryptionByDefault": map[string]any{"SSEAlgorithm": "AES256"},
		}}},
		"LifecycleConfiguration": map[string]any{"Rules": []any{map[string]any{"Id": "old-lines", "Status": "Enabled", "ExpirationInDays": 90.0}}},
		"OwnershipControls":      map[string]any{"Rules": []any{map[string]any{"ObjectOwnership": "BucketOwnerEnforced"}}},
		"PublicAccessBlockConfiguration": map[string]any{
			"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
		},
	}); diff != "" {
		t.Errorf("properties (-got +want):\n%s", diff)
	}
	everybody, all := map[string]any{"AWS": "*"}, []string{"${ObjectLog.Arn}", "${ObjectLog.Arn}/*"}
	policy := choices.of("AWS::S3::BucketPolicy")["ObjectLogPolicy"]
	if diff := cmp.Diff(statements(policy.Properties["PolicyDocument"]), []statement{
		{"DenyWithoutTLS", "Deny", []string{"s3:*"}, all, everybody, map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}},
		{"DenyOldTLS", "Deny", []string{"s3:*"}, all, everybody, map[string]any{"NumericLessThan": map[string]any{"s3:TlsVersion": "1.2"}}},
		{
			"Delivery", "Allow",
			[]string{"s3:PutObject"},
			[]string{"${ObjectLog.Arn}/access/*"},
			map[string]any{"Service": "logging.s3.amazonaws.com"},
			map[string]any{
				"StringEquals": map[string]any{"aws:SourceAccount": "${AWS::AccountId}"},
				"ArnLike":      map[string]any{"aws:SourceArn": "${Uploads.Arn}"},
			},
		},
	}, cmp.AllowUnexported(statement{})); diff != "" {
		t.Errorf("policy (-got +want):\n%s", diff)
	}
	for name, role := range choices.of("AWS::IAM::Role") {
		for _, s := range permissions(role) {
			if strings.Contains(strings.Join(s.resources, " "), "ObjectLog") {
				t.Errorf("%s: %s is about the log", name, s.sid)
			}
		}
	}
}
