package sign_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"postern/internal/sign"
)

// TestPresignPutAsSDK compares with aws-sdk-go-v2's PresignPutObject: the same URL to the last byte, so the same signed
// headers and signature, and the same headers to send.
func TestPresignPutAsSDK(t *testing.T) {
	random := rand.New(rand.NewPCG(20260314, 150926))
	for n := range sdkInputs {
		in := generateInput(random)
		in.lifetime = in.lifetime.Truncate(time.Second) // the SDK would round a part of a second up or down
		// Nothing that a client would resolve begins a segment.
		put := generatePut(random, "k"+strings.ReplaceAll(in.post.Key, "/.", "/k."))
		got := presignPut(t, newSigner(t, in.config), put, in.now, in.lifetime)
		if diff := cmp.Diff(sdkPresignPut(t, in, put), got); diff != "" {
			t.Fatalf("input %d: %+v, %+v (-SDK +got):\n%s", n, in, put, diff)
		}
	}
}

// sdkPutObject returns the SDK's input for a put.
func sdkPutObject(bucket string, put sign.Put) *s3.PutObjectInput {
	input := &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String(put.Key), ContentLength: aws.Int64(put.Size), Metadata: map[string]string{},
	}
	for name, value := range put.Headers {
		switch name {
		case "content-type":
			input.ContentType = &value
		case "if-none-match":
			input.IfNoneMatch = &value
		case "x-amz-checksum-sha256":
			input.ChecksumSHA256 = &value
		case "x-amz-tagging":
			input.Tagging = &value
		default:
			input.Metadata[strings.TrimPrefix(name, "x-amz-meta-")] = value
		}
	}
	return input
}

func sdkPresignPut(t *testing.T, in input, put sign.Put) sign.PresignedRequest {
	t.Helper()
	request, err := sdkPresigner(in.config).PresignPutObject(context.Background(), sdkPutObject(in.config.Bucket, put), func(o *s3.PresignOptions) {
		o.Expires = in.lifetime
		o.Presigner = clockedHTTPPresigner{o.Presigner, in.now}
	})
	if err != nil {
		t.Fatalf("the SDK: %v", err)
	}
	want := sign.PresignedRequest{Method: request.Method, URL: request.URL}
	if len(put.Headers) > 0 {
		want.Headers = map[string]string{}
	}
	want.Expires = in.now.UTC().Truncate(time.Second).Add(in.lifetime)
	for name, values := range request.SignedHeader {
		if name != "Host" && name != "Content-Length" {
			want.Headers[textproto.CanonicalMIMEHeaderKey(name)] = strings.Join(values, ",")
		}
	}
	return want
}

// A clockedHTTPPresigner is the SDK's own presigner at a fixed time.
type clockedHTTPPresigner struct {
	sdk s3.HTTPPresignerV4
	now time.Time
}

func (p clockedHTTPPresigner) PresignHTTP(
	ctx context.Context, credentials aws.Credentials, request *http.Request, payloadHash, service, region string, _ time.Time,
	options ...func(*v4.SignerOptions),
) (string, http.Header, error) {
	return p.sdk.PresignHTTP(ctx, credentials, request, payloadHash, service, region, p.now, options...)
}

func generatePut(random *rand.Rand, key string) sign.Put {
	put := sign.Put{Key: key, Headers: map[string]string{}, Size: 1 + random.Int64N(5<<30)}
	for name, value := range map[string]string{
		"content-type":          oneOf(random, "video/mp4", "image/jpeg", "text/plain; charset=utf-8"),
		"if-none-match":         "*",
		"x-amz-checksum-sha256": exampleChecksum,
		"x-amz-tagging":         oneOf(random, "status=pending", "status=pending&a=b%20c"),
	} {
		if random.IntN(4) > 0 {
			put.Headers[name] = value
		}
	}
	for range random.IntN(6) {
		name := fmt.Sprintf("x-amz-meta-%s%d", generateText(random, 1+random.IntN(12), 'a', 'z'), random.IntN(10))
		put.Headers[name] = generateText(random, 1+random.IntN(40), '!', '~') + oneOf(random, "", " x")
	}
	return put
}
