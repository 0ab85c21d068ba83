package sign_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"postern/internal/sign"
)

// TestPresignGetAsSDK compares with aws-sdk-go-v2's PresignGetObject: the same URL to the last byte.
func TestPresignGetAsSDK(t *testing.T) {
	random := rand.New(rand.NewPCG(20260314, 150926))
	for n := range sdkInputs {
		in := generateInput(random)
		in.lifetime = in.lifetime.Truncate(time.Second) // the SDK would round a part of a second up or down
		get := sign.Get{
			// Nothing that a client would resolve begins a segment.
			Key:                "k" + strings.ReplaceAll(in.post.Key, "/.", "/k."),
			VersionID:          generateText(random, 1+random.IntN(40), '!', '~'),
			ContentDisposition: oneOf(random, "", "inline", "attachment; filename=\""+generateText(random, random.IntN(40), ' ', '~')+"\""),
			ContentType:        oneOf(random, "", "video/mp4", "text/plain; charset=utf-8"),
			ContentLanguage:    oneOf(random, "", "und", "de, en-GB"),
			CacheControl:       oneOf(random, "", "private, no-store"),
			Expires:            oneOf(random, "", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"),
		}
		got := presignGet(t, newSigner(t, in.config), get, in.now, in.lifetime)
		if diff := cmp.Diff(sdkPresignGet(t, in, get), got); diff != "" {
			t.Fatalf("input %d: %+v, %+v (-SDK +got):\n%s", n, in, get, diff)
		}
	}
}

func sdkPresignGet(t *testing.T, in input, get sign.Get) sign.PresignedRequest {
	t.Helper()
	input := &s3.GetObjectInput{Bucket: aws.String(in.config.Bucket), Key: &get.Key, VersionId: &get.VersionID}
	if get.ContentDisposition != "" {
		input.ResponseContentDisposition = &get.ContentDisposition
	}
	if get.ContentType != "" {
		input.ResponseContentType = &get.ContentType
	}
	if get.ContentLanguage != "" {
		input.ResponseContentLanguage = &get.ContentLanguage
	}
	if get.CacheControl != "" {
		input.ResponseCacheControl = &get.CacheControl
	}
	if get.Expires != "" {
		expires, err := http.ParseTime(get.Expires)
		if err != nil {
			t.Fatal(err)
		}
		input.ResponseExpires = &expires
	}
	request, err := sdkPresigner(in.config).PresignGetObject(context.Background(), input, func(o *s3.PresignOptions) {
		o.Expires = in.lifetime
		o.Presigner = clockedHTTPPresigner{o.Presigner, in.now}
		o.ClientOptions = append(o.ClientOptions, func(o *s3.Options) {
			// Otherwise it has S3 send a checksum, which a browser does not read.
			o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		})
	})
	if err != nil {
		t.Fatalf("the SDK: %v", err)
	}
	for name := range request.SignedHeader {
		if name != "Host" {
			t.Errorf("the SDK signs header %s", name)
		}
	}
	return sign.PresignedRequest{
		Method: request.Method, URL: request.URL, Expires: in.now.UTC().Truncate(time.Second).Add(in.lifetime),
	}
}
