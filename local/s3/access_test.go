package s3_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"postern/internal/cfn"
	"postern/internal/sign"
	"postern/local/iam"
	local "postern/local/s3"
	"postern/local/stacktest"
)

const another = "another-bucket"

// startWithUpload starts the server with a pending upload in it, and another bucket. It returns the upload's version.
func startWithUpload(t *testing.T) (s3Run, string) {
	t.Helper()
	r := startS3(t, t.TempDir())
	if _, err := r.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(another)}); err != nil {
		t.Fatal(err)
	}
	out, err := r.client.PutObject(t.Context(), put(bucket, key, "pending"))
	if err != nil {
		t.Fatal(err)
	}
	return r, *out.VersionId
}

func put(bucket, key, status string) *s3.PutObjectInput {
	input := &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("a video")}
	if status != "" {
		input.Tagging = aws.String("status=" + status)
	}
	return input
}

// TestPresignsRole compares what presign signs with what its role may do: requests of its own, which it never sends, and so
// whatever else would be signed with its credentials.
func TestPresignsRole(t *testing.T) {
	r, version := startWithUpload(t)
	c := r.clientOf(r.Issue(t, "PresignRole"))
	ctx, b, k, v := t.Context(), aws.String(bucket), aws.String(key), aws.String(version)

	allow := func(name string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: got %v, want it allowed", name, err)
		}
	}
	// lacks is the statement that the denial's line says is missing.
	deny := func(name string, err error, lacks string) {
		t.Helper()
		if !isDenied(err) {
			t.Errorf("%s: got %v, want AccessDenied", name, err)
		}
		if want := "iam: denied: PresignRole lacks " + lacks; r.Log.Last() != want {
			t.Errorf("%s: logged %q, want %q", name, r.Log.Last(), want)
		}
	}
	puts := func(bucket, key, status string) error {
		_, err := c.PutObject(ctx, put(bucket, key, status))
		return err
	}
	allow("put a pending upload", puts(bucket, "videos/o/1.mp4", "pending"))
	allow("put without a tag", puts(bucket, "videos/o/2.mp4", ""))
	allow("another tag besides", puts(bucket, "videos/o/3.mp4", "pending&other=1"))
	deny("tag it ready", puts(bucket, "videos/o/3.mp4", "ready"), "s3:PutObjectTagging on "+bucketARN+"/videos/o/3.mp4 if s3:RequestObjectTag/status = ready")
	deny("neighbour of a folder", puts(bucket, "videos-evil/o/3.mp4", "pending"), "s3:PutObject on "+bucketARN+"/videos-evil/o/3.mp4 if s3:RequestObjectTag/status = pending")
	deny("the folder itself", puts(bucket, "videos", ""), "s3:PutObject on "+bucketARN+"/videos")
	deny("another bucket", puts(another, "videos/o/3.mp4", ""), "s3:PutObject on arn:aws:s3:::"+another+"/videos/o/3.mp4")

	_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k})
	deny("GetObject", err, "s3:GetObject on "+bucketARN+"/"+key+" if s3:ExistingObjectTag/status = pending")
	_, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k, VersionId: v})
	deny("GetObject of a version", err, "s3:GetObjectVersion on "+bucketARN+"/"+key+" if s3:ExistingObjectTag/status = pending")
	_, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: aws.String("videos/missing")})
	deny("GetObject of nothing", err, "s3:GetObject on "+bucketARN+"/videos/missing")

	for name, test := range map[string]struct {
		err   func() error
		lacks string // the action, and what it is on after the bucket's ARN
	}{
		"HeadObject": {func() error {
			_, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: b, Key: k})
			return err
		}, "s3:GetObject on /" + key + " if s3:ExistingObjectTag/status = pending"},
		"DeleteObject": {func() error {
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k})
			return err
		}, "s3:DeleteObject on /" + key},
		"DeleteObject of a version": {func() error {
			_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: k, VersionId: v})
			return err
		}, "s3:DeleteObjectVersion on /" + key},
		"GetObjectTagging": {func() error {
			_, err := c.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: b, Key: k})
			return err
		}, "s3:GetObjectTagging on /" + key + " if s3:ExistingObjectTag/status = pending"},
		"PutObjectTagging": {func() error {
			_, err := c.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: b, Key: k, Tagging: status("ready")})
			return err
		}, "s3:PutObjectTagging on /" + key + " if s3:ExistingObjectTag/status = pending, s3:RequestObjectTag/status = ready"},
		"ListObjectsV2": {func() error {
			_, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: b, Prefix: aws.String("videos/")})
			return err
		}, "s3:ListBucket on  if s3:prefix = videos/"},
		"ListObjectVersions": {func() error {
			_, err := c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: b, Prefix: aws.String("videos/")})
			return err
		}, "s3:ListBucketVersions on  if s3:prefix = videos/"},
		"ListMultipartUploads": {func() error {
			_, err := c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: b, Prefix: aws.String("videos/")})
			return err
		}, "s3:ListBucketMultipartUploads on "},
		"HeadBucket": {func() error {
			_, err := c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: b})
			return err
		}, "s3:ListBucket on "},
		"ListBuckets": {func() error {
			_, err := c.ListBuckets(ctx, &s3.ListBucketsInput{})
			return err
		}, "s3:ListAllMyBuckets on *"},
		"CreateBucket": {func() error {
			_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("third-bucket")})
			return err
		}, "s3:CreateBucket on arn:aws:s3:::third-bucket"},
		"GetBucketPolicy": {func() error {
			_, err := c.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: b})
			return err
		}, "s3:GetBucketPolicy on "},
		"GetBucketAcl": {func() error {
			_, err := c.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: b})
			return err
		}, "s3:GetBucketAcl on "},
		"GetBucketCors": {func() error {
			_, err := c.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: b})
			return err
		}, "s3:GetBucketCORS on "},
		"DeleteBucketCors": {func() error {
			_, err := c.DeleteBucketCors(ctx, &s3.DeleteBucketCorsInput{Bucket: b})
			return err
		}, "s3:PutBucketCORS on "},
		"GetBucketVersioning": {func() error {
			_, err := c.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: b})
			return err
		}, "s3:GetBucketVersioning on "},
		"PutBucketVersioning": {func() error {
			_, err := c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
				Bucket: b, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended},
			})
			return err
		}, "s3:PutBucketVersioning on "},
		"GetObjectLockConfiguration": {func() error {
			_, err := c.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: b})
			return err
		}, "s3:GetBucketObjectLockConfiguration on "},
		"CreateMultipartUpload": {func() error {
			_, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k, Tagging: aws.String("status=ready")})
			return err
		}, "s3:PutObjectTagging on /" + key + " if s3:RequestObjectTag/status = ready"},
		"UploadPart": {func() error {
			_, err := c.UploadPart(ctx, &s3.UploadPartInput{
				Bucket: b, Key: aws.String("elsewhere/1.mp4"), UploadId: aws.String("x"), PartNumber: aws.Int32(1), Body: strings.NewReader("a part"),
			})
			return err
		}, "s3:PutObject on /elsewhere/1.mp4"},
		"CompleteMultipartUpload": {func() error {
			_, err := c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
				Bucket: b, Key: aws.String("elsewhere/1.mp4"), UploadId: aws.String("x"),
				MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: aws.String("x"), PartNumber: aws.Int32(1)}}},
			})
			return err
		}, "s3:PutObject on /elsewhere/1.mp4"},
		"AbortMultipartUpload": {func() error {
			_, err := c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: b, Key: k, UploadId: aws.String("x")})
			return err
		}, "s3:AbortMultipartUpload on /" + key},
		"ListParts": {func() error {
			_, err := c.ListParts(ctx, &s3.ListPartsInput{Bucket: b, Key: k, UploadId: aws.String("x")})
			return err
		}, "s3:ListMultipartUploadParts on /" + key},
	} {
		action, resource, _ := strings.Cut(test.lacks, " on ")
		if !strings.HasPrefix(resource, "*") && !strings.HasPrefix(resource, "arn:") {
			resource = bucketARN + resource
		}
		deny(name, test.err(), action+" on "+resource)
	}
}

func status(value string) *types.Tagging {
	return &types.Tagging{TagSet: []types.Tag{{Key: aws.String("status"), Value: &value}}}
}

// isDenied reports whether S3 has answered 403 AccessDenied. To a HEAD request it answers without a code.
func isDenied(err error) bool {
	if code := stacktest.Code(err); code == "AccessDenied" {
		return true
	}
	response, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err)
	var operation *smithy.OperationError
	return ok && response.HTTPStatusCode() == http.StatusForbidden && errors.As(err, &operation) && strings.HasPrefix(operation.OperationName, "Head")
}

// TestManagesRole goes the way of a multipart upload and its download.
func TestManagesRole(t *testing.T) {
	r, _ := startWithUpload(t)
	c := r.clientOf(r.Issue(t, "ManageRole"))
	ctx, b, k := t.Context(), aws.String(bucket), aws.String("videos/o/multipart.mp4")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	created, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k, Tagging: aws.String("status=pending")})
	must(err)
	part, err := c.UploadPart(ctx, &s3.UploadPartInput{Bucket: b, Key: k, UploadId: created.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("a part")})
	must(err)
	_, err = c.ListParts(ctx, &s3.ListPartsInput{Bucket: b, Key: k, UploadId: created.UploadId})
	must(err)
	_, err = c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: b, Prefix: aws.String("videos/o/")})
	must(err)
	completed, err := c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: b, Key: k, UploadId: created.UploadId, IfNoneMatch: aws.String("*"),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: part.ETag, PartNumber: aws.Int32(1), ChecksumCRC32: part.ChecksumCRC32}}},
	})
	must(err)
	get := &s3.GetObjectInput{Bucket: b, Key: k, VersionId: completed.VersionId}
	if _, err = c.GetObject(ctx, get); !isDenied(err) {
		t.Errorf("a pending version: got %v, want AccessDenied", err)
	}
	tagging := &s3.PutObjectTaggingInput{Bucket: b, Key: k, VersionId: completed.VersionId, Tagging: status("public")}
	if _, err = c.PutObjectTagging(ctx, tagging); !isDenied(err) {
		t.Errorf("tagging it public: got %v, want AccessDenied", err)
	}
	tagging.Tagging = status("ready")
	_, err = c.PutObjectTagging(ctx, tagging)
	must(err)
	_, err = c.GetObject(ctx, get)
	must(err)
	if _, err = c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: k}); !isDenied(err) {
		t.Errorf("whatever version: got %v, want AccessDenied", err)
	}
	for prefix, allowed := range map[string]bool{"videos/o/": true, "videos": false, "": false, "images/": false} {
		_, err := c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: b, Prefix: &prefix})
		if allowed != (err == nil) || !allowed && !isDenied(err) {
			t.Errorf("versions below %q: got %v, want allowed: %t", prefix, err, allowed)
		}
	}

	started, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k})
	must(err)
	_, err = c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: b, Key: k, UploadId: started.UploadId})
	must(err)

	deleted, err := c.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: k, VersionId: completed.VersionId}, {Key: aws.String(key)}, {Key: aws.String("elsewhere/1"), VersionId: aws.String("null")},
	}}})
	must(err)
	var got []string
	for _, d := range deleted.Deleted {
		got = append(got, *d.Key+" deleted")
	}
	for _, e := range deleted.Errors {
		got = append(got, *e.Key+" "+*e.Code)
	}
	if diff := cmp.Diff(got, []string{*k + " deleted", key + " AccessDenied", "elsewhere/1 AccessDenied"}); diff != "" {
		t.Errorf("deleted (-got +want):\n%s", diff)
	}
}

// TestWriteOnce has a bucket policy that demands If-None-Match of all but forms.
func TestWriteOnce(t *testing.T) {
	stack := stacktest.Stack()
	stack.Buckets[0].Policy = append(stack.Buckets[0].Policy, cfn.Statement{
		Sid: "WriteOnce", Effect: "Deny", Actions: []string{"s3:PutObject"}, Resources: []string{bucketARN + "/videos/*"},
		Conditions: map[string]map[string][]string{
			"Bool":            {"s3:ObjectCreationOperation": {"true"}},
			"Null":            {"s3:if-none-match": {"true"}},
			"StringNotEquals": {"s3:authType": {"POST"}},
		},
	})
	g := stacktest.NewGuard()
	g.Policies = iam.NewPolicies(stack, g.Log)
	operator := g.Issue(t, iam.Operator)
	server, err := local.Start(local.Config{Data: t.TempDir(), Stack: stack, Issuer: g.Issuer, Policies: g.Policies, Operator: operator, Queues: g.Queues})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	r := s3Run{Server: server, Guard: g}
	r.client, r.signer = r.clientOf(operator), r.signerOf(t, "PresignRole")
	ctx, b, k := t.Context(), aws.String(bucket), aws.String("videos/o/multipart.mp4")
	puts := func(match string) error {
		input := put(bucket, "videos/o/1.mp4", "pending")
		if match != "" {
			input.IfNoneMatch = &match
		}
		_, err := r.client.PutObject(ctx, input)
		return err
	}
	if err := puts(""); !isDenied(err) {
		t.Errorf("a PUT without a condition: got %v, want AccessDenied", err)
	}
	if err := puts("*"); err != nil {
		t.Errorf("a PUT with a condition: got %v", err)
	}
	if err := puts("*"); stacktest.Code(err) != "PreconditionFailed" {
		t.Errorf("the second PUT: got %v, want PreconditionFailed", err)
	}
	body, boundary := encode(t, r.form(t), "a video")
	if status, code := r.post(t, body, boundary); status != http.StatusNoContent {
		t.Errorf("a form: got %d %s, want 204", status, code)
	}
	created, err := r.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k})
	if err != nil {
		t.Fatal(err)
	}
	part, err := r.client.UploadPart(ctx, &s3.UploadPartInput{Bucket: b, Key: k, UploadId: created.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("a part")})
	if err != nil {
		t.Fatal(err)
	}
	complete := &s3.CompleteMultipartUploadInput{
		Bucket: b, Key: k, UploadId: created.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: part.ETag, PartNumber: aws.Int32(1), ChecksumCRC32: part.ChecksumCRC32}}},
	}
	if _, err := r.client.CompleteMultipartUpload(ctx, complete); !isDenied(err) {
		t.Errorf("a completion without a condition: got %v, want AccessDenied", err)
	}
	complete.IfNoneMatch = aws.String("*")
	if _, err := r.client.CompleteMultipartUpload(ctx, complete); err != nil {
		t.Errorf("a completion with a condition: got %v", err)
	}
}

// TestFormIsHeldToItsSigner signs forms that their signer's role, or the bucket's policy, does not allow.
func TestFormIsHeldToItsSigner(t *testing.T) {
	r := startS3(t, t.TempDir())
	presign, authorizer, operator := r.signer, r.signerOf(t, "AuthorizerRole"), r.signerOf(t, iam.Operator)
	now := time.Now()
	for name, test := range map[string]struct {
		signer  *sign.Signer
		key     string
		tagging string
		signed  time.Time
		want    int
		denied  string // the end of the line
	}{
		"presign, pending":         {presign, key, pending, now, 204, ""},
		"presign, without a tag":   {presign, key, "", now, 204, ""},
		"presign, 14 minutes old":  {presign, key, pending, now.Add(-14 * time.Minute), 204, ""},
		"presign, 16 minutes old":  {presign, key, pending, now.Add(-16 * time.Minute), 403, "PresignRole is refused s3:PutObject on " + bucketARN + "/" + key + " by the statement DenyOldSignatures of a resource-based policy"},
		"operator, 16 minutes old": {operator, key, pending, now.Add(-16 * time.Minute), 403, "by the statement DenyOldSignatures of a resource-based policy"},
		"presign, ready":           {presign, key, strings.Replace(pending, "pending", "ready", 1), now, 403, "PresignRole lacks s3:PutObjectTagging on " + bucketARN + "/" + key + " if s3:RequestObjectTag/status = ready"},
		"presign, elsewhere":       {presign, "elsewhere/1.mp4", pending, now, 403, "PresignRole lacks s3:PutObject on " + bucketARN + "/elsewhere/1.mp4 if s3:RequestObjectTag/status = pending"},
		"presign, a neighbour":     {presign, "videos-evil/1.mp4", pending, now, 403, "PresignRole lacks s3:PutObject on " + bucketARN + "/videos-evil/1.mp4 if s3:RequestObjectTag/status = pending"},
		"presign, a way out":       {presign, "videos/../elsewhere/1.mp4", pending, now, 403, "PresignRole lacks s3:PutObject on " + bucketARN + "/elsewhere/1.mp4 if s3:RequestObjectTag/status = pending"},
		"authorizer":               {authorizer, key, pending, now, 403, "AuthorizerRole lacks s3:PutObject on " + bucketARN + "/" + key + " if s3:RequestObjectTag/status = pending"},
		"operator":                 {operator, "elsewhere/1.mp4", "", now, 204, ""},
	} {
		t.Run(name, func(t *testing.T) {
			fields := map[string]string{"content-type": "video/mp4"}
			if test.tagging != "" {
				fields["tagging"] = test.tagging
			}
			post, err := test.signer.PresignPost(sign.Post{Key: test.key, MinSize: 1, MaxSize: maxSize, Fields: fields}, test.signed, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			before := r.versions(t)
			body, boundary := encode(t, post.Fields, "a video")
			status, code := r.post(t, body, boundary)
			if status != test.want || status == http.StatusForbidden && code != "AccessDenied" {
				t.Errorf("got %d %s, want %d", status, code, test.want)
			}
			stored := test.want == http.StatusNoContent
			if after := r.versions(t); (after > before) != stored {
				t.Errorf("%d versions became %d", before, after)
			}
			if !stored && !strings.HasSuffix(r.Log.Last(), test.denied) {
				t.Errorf("logged %q, want %q", r.Log.Last(), test.denied)
			}
		})
	}
}

// TestPresignedURLIsHeldToItsSigner signs URLs as the SDK does.
func TestPresignedURLIsHeldToItsSigner(t *testing.T) {
	r, version := startWithUpload(t)
	presign, manage := s3.NewPresignClient(r.clientOf(r.Issue(t, "PresignRole"))), s3.NewPresignClient(r.clientOf(r.Issue(t, "ManageRole")))
	at := func(age time.Duration) func(*s3.PresignOptions) {
		return func(o *s3.PresignOptions) {
			o.Expires = time.Hour
			o.Presigner = presignerAt{v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }), time.Now().Add(-age)}
		}
	}
	sends := func(url *v4.PresignedHTTPRequest, err error) func(body string) int {
		if err != nil {
			t.Fatal(err)
		}
		return func(body string) int {
			request, _ := http.NewRequestWithContext(t.Context(), url.Method, url.URL, strings.NewReader(body))
			request.Header = url.SignedHeader.Clone()
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			return response.StatusCode
		}
	}
	get := &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), VersionId: &version}
	upload := func(key string) *s3.PutObjectInput {
		input := put(bucket, key, "pending")
		input.Body, input.ContentLength = nil, aws.Int64(7)
		return input
	}
	for _, test := range []struct {
		name string
		send func(string) int
		body string
		want int
	}{
		{"put", sends(presign.PresignPutObject(t.Context(), upload(key), at(0))), "a video", 200},
		{"put, 14 minutes old", sends(presign.PresignPutObject(t.Context(), upload(key), at(14*time.Minute))), "a video", 200},
		{"put, 16 minutes old", sends(presign.PresignPutObject(t.Context(), upload(key), at(16*time.Minute))), "a video", 403},
		{"put to a neighbour", sends(presign.PresignPutObject(t.Context(), upload("videos-evil/1.mp4"), at(0))), "a video", 403},
		{"get by presign", sends(presign.PresignGetObject(t.Context(), get, at(0))), "", 403},
		{"get what is pending", sends(manage.PresignGetObject(t.Context(), get, at(0))), "", 403},
	} {
		if got := test.send(test.body); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
	_, err := r.client.PutObjectTagging(t.Context(), &s3.PutObjectTaggingInput{Bucket: get.Bucket, Key: get.Key, VersionId: get.VersionId, Tagging: status("ready")})
	if err != nil {
		t.Fatal(err)
	}
	if got := sends(manage.PresignGetObject(t.Context(), get, at(0)))(""); got != http.StatusOK {
		t.Errorf("get what is ready: got %d, want 200", got)
	}
}

// A presignerAt signs as if it were another time.
type presignerAt struct {
	*v4.Signer
	now time.Time
}

func (p presignerAt) PresignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, payload, service, region string, _ time.Time, o ...func(*v4.SignerOptions)) (string, http.Header, error) {
	return p.Signer.PresignHTTP(ctx, c, r, payload, service, region, p.now, o...)
}

// TestBrowserSeesRefusal keeps the CORS headers on what is denied.
func TestBrowserSeesRefusal(t *testing.T) {
	r := startS3(t, t.TempDir())
	post, err := r.signer.PresignPost(sign.Post{Key: "elsewhere/1.mp4", MinSize: 1, MaxSize: maxSize}, time.Now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	body, boundary := encode(t, post.Fields, "a video")
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL+"/"+bucket, strings.NewReader(body))
	request.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	request.Header.Set("Origin", "https://app.example.com")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if got := response.Header.Get("Access-Control-Allow-Origin"); response.StatusCode != http.StatusForbidden || got != "https://app.example.com" {
		t.Errorf("got %d for origin %q, want 403 for the page's", response.StatusCode, got)
	}
	want := "User: arn:aws:sts::" + account + ":assumed-role/presign/local is not authorized to perform: s3:PutObject on resource: " +
		bucketARN + "/elsewhere/1.mp4 because no identity-based policy allows the s3:PutObject action"
	if !strings.Contains(string(answer), want) {
		t.Errorf("got %s, want %s", answer, want)
	}
}
