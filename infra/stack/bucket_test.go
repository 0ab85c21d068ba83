package stack_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/infra/stage"
)

func TestBucketPolicy(t *testing.T) {
	deny := func(sid string, condition map[string]any) statement {
		return statement{
			sid: sid, effect: "Deny", actions: []string{"s3:*"}, condition: condition, principal: map[string]any{"AWS": "*"},
			resources: []string{"${Uploads.Arn}", "${Uploads.Arn}/*"},
		}
	}
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		want := []statement{
			deny("DenyWithoutTLS", map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}),
			deny("DenyOldTLS", map[string]any{"NumericLessThan": map[string]any{"s3:TlsVersion": "1.2"}}),
			deny("DenySigV2", map[string]any{"StringEquals": map[string]any{"s3:signatureversion": "AWS"}}),
			deny("DenyOldSignatures", map[string]any{
				"StringEquals":       map[string]any{"s3:authType": []any{"POST", "REST-QUERY-STRING"}},
				"NumericGreaterThan": map[string]any{"s3:signatureAge": fmt.Sprint(s.SignatureLifetime.Seconds() * 1000)},
			}),
			{
				sid: "DenyOverwrites", effect: "Deny", actions: []string{"s3:PutObject"}, resources: []string{"${Uploads.Arn}/*"},
				principal: map[string]any{"AWS": "*"},
				condition: map[string]any{
					"Bool":            map[string]any{"s3:ObjectCreationOperation": "true"},
					"Null":            map[string]any{"s3:if-none-match": "true"},
					"StringNotEquals": map[string]any{"s3:authType": "POST"},
				},
			},
		}
		policy := template.only(t, "AWS::S3::BucketPolicy")
		if diff := cmp.Diff(statements(policy.Properties["PolicyDocument"]), want, cmp.AllowUnexported(statement{})); diff != "" {
			t.Errorf("statements (-got +want):\n%s", diff)
		}
		if got := write(policy.Properties["Bucket"]); got != "${Uploads}" {
			t.Errorf("bucket: got %s, want ${Uploads}", got)
		}
	})
}

func TestBucket(t *testing.T) {
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		origins := make([]any, len(s.AllowedOrigins))
		for i, origin := range s.AllowedOrigins {
			origins[i] = origin
		}
		got := maps.Clone(template.only(t, "AWS::S3::Bucket").Properties)
		delete(got, "Tags")
		delete(got, "NotificationConfiguration") // TestNotifications has it
		want := map[string]any{
			"BucketEncryption": map[string]any{"ServerSideEncryptionConfiguration": []any{map[string]any{
				"BlockedEncryptionTypes":        map[string]any{"EncryptionType": []any{"SSE-C"}},
				"ServerSideEncryptionByDefault": map[string]any{"SSEAlgorithm": "AES256"},
			}}},
			"CorsConfiguration": map[string]any{"CorsRules": []any{map[string]any{
				"AllowedOrigins": origins,
				"AllowedMethods": []any{"GET", "HEAD", "PUT", "POST"},
				"AllowedHeaders": []any{
					"content-type", "if-none-match", "range", "x-amz-checksum-algorithm", "x-amz-checksum-crc64nvme", "x-amz-checksum-sha256",
					"x-amz-checksum-type", "x-amz-meta-postern", "x-amz-mp-object-size", "x-amz-tagging",
				},
				"ExposedHeaders": []any{
					"ETag", "Location", "Content-Disposition", "Content-Range", "Accept-Ranges", "x-amz-checksum-crc32", "x-amz-checksum-crc32c", "x-amz-checksum-crc64nvme", "x-amz-checksum-sha1",
					"x-amz-checksum-sha256", "x-amz-checksum-type", "x-amz-version-id",
				},
				"MaxAge": 3600.0,
			}}},
			"LifecycleConfiguration": map[string]any{"Rules": []any{
				map[string]any{
					"Id": "rejected-uploads", "Status": "Enabled", "ExpirationInDays": float64(s.Retention.RejectedDays),
					"TagFilters": []any{map[string]any{"Key": "status", "Value": "rejected"}},
				},
				map[string]any{
					"Id": "noncurrent-versions", "Status": "Enabled",
					"NoncurrentVersionExpiration": map[string]any{"NoncurrentDays": float64(s.Retention.NoncurrentDays)},
				},
				map[string]any{"Id": "expired-delete-markers", "Status": "Enabled", "ExpiredObjectDeleteMarker": true},
				map[string]any{
					"Id": "incomplete-multipart-uploads", "Status": "Enabled",
					"AbortIncompleteMultipartUpload": map[string]any{"DaysAfterInitiation": float64(s.Retention.IncompleteMultipartDays)},
				},
			}},
			"OwnershipControls": map[string]any{"Rules": []any{map[string]any{"ObjectOwnership": "BucketOwnerEnforced"}}},
			"PublicAccessBlockConfiguration": map[string]any{
				"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
			},
			"VersioningConfiguration": map[string]any{"Status": "Enabled"},
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("properties (-got +want):\n%s", diff)
		}
	})
}
