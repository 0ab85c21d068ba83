package sign_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"postern/internal/sign"
)

const (
	exampleUploadID = "ibZBv_75gd9r8lH_gqXatLdxMVpAlj6y~SLtPZCWeTuX.o3Kb1Xe7"
	exampleCRC      = "rosUhgp5mIg="
)

// TestPresignPartsAsSDK compares with aws-sdk-go-v2's PresignUploadPart: the same URLs to the last byte.
func TestPresignPartsAsSDK(t *testing.T) {
	random := rand.New(rand.NewPCG(20260314, 150926))
	for n := range sdkInputs / 4 {
		in := generateInput(random)
		in.lifetime = in.lifetime.Truncate(time.Second) // the SDK would round a part of a second up or down
		open := generateOpenUpload(random, in)
		parts := make([]sign.Part, 1+random.IntN(4))
		for i := range parts {
			parts[i] = sign.Part{Number: 1 + random.Int64N(10_000), Size: 1 + random.Int64N(5<<30), Checksum: oneOf(random, "", exampleCRC)}
		}
		got, err := newSigner(t, in.config).PresignParts(open, parts, in.now, in.lifetime)
		if err != nil {
			t.Fatalf("input %d: %v", n, err)
		}
		for i, part := range parts {
			if diff := cmp.Diff(sdkPresignPart(t, in, open, part), got[i]); diff != "" {
				t.Fatalf("input %d: %+v, %+v (-SDK +got):\n%s", n, in, part, diff)
			}
		}
	}
}

func generateOpenUpload(random *rand.Rand, in input) sign.OpenUpload {
	return sign.OpenUpload{
		Key:      "k" + strings.ReplaceAll(in.post.Key, "/.", "/k."), // nothing that a client would resolve begins a segment
		UploadID: generateText(random, 1+random.IntN(200), '!', '~'),
	}
}

func sdkPresignPart(t *testing.T, in input, open sign.OpenUpload, part sign.Part) sign.PresignedRequest {
	t.Helper()
	number := int32(part.Number)
	input := &s3.UploadPartInput{
		Bucket: aws.String(in.config.Bucket), Key: &open.Key, UploadId: &open.UploadID, PartNumber: &number, ContentLength: &part.Size,
	}
	if part.Checksum != "" {
		input.ChecksumCRC64NVME = &part.Checksum
	}
	request, err := sdkPresigner(in.config).PresignUploadPart(context.Background(), input, func(o *s3.PresignOptions) {
		o.Expires = in.lifetime
		o.Presigner = clockedHTTPPresigner{o.Presigner, in.now}
	})
	if err != nil {
		t.Fatalf("the SDK: %v", err)
	}
	return sign.PresignedRequest{
		Method: request.Method, URL: request.URL, Headers: sentHeaders(request.SignedHeader),
		Expires: in.now.UTC().Truncate(time.Second).Add(in.lifetime),
	}
}

// sentHeaders are the headers that the SDK has signed and that a client adds itself, or nil.
func sentHeaders(signed http.Header) map[string]string {
	var headers map[string]string
	for name, values := range signed {
		if name == "Host" || name == "Content-Length" {
			continue
		}
		if headers == nil {
			headers = map[string]string{}
		}
		headers[textproto.CanonicalMIMEHeaderKey(name)] = strings.Join(values, ",")
	}
	return headers
}

// TestPresignMultipartAsSDK compares the other requests with what the SDK's signer makes of them: its presign client has none.
func TestPresignMultipartAsSDK(t *testing.T) {
	random := rand.New(rand.NewPCG(20260314, 150926))
	for range sdkInputs / 20 {
		in := generateInput(random)
		in.lifetime = max(in.lifetime.Truncate(time.Second), time.Second)
		open, signer := generateOpenUpload(random, in), newSigner(t, in.config)
		create := sign.Create{Key: open.Key, Headers: map[string]string{
			"content-type": "video/mp4", "x-amz-checksum-algorithm": "CRC64NVME", "x-amz-checksum-type": "FULL_OBJECT",
			"x-amz-tagging": "status=pending", "x-amz-meta-postern": generateText(random, 40, 'A', 'z'),
		}}
		got, err := signer.PresignCreate(create, in.now, in.lifetime)
		check(t, "create", in, open.Key, got, err, http.MethodPost, map[string]string{"uploads": "", "x-id": "CreateMultipartUpload"}, create.Headers)

		after := random.Int64N(10_001)
		got, err = signer.PresignPartsList(open, after, in.now, in.lifetime)
		query := map[string]string{"max-parts": "1000", "uploadId": open.UploadID, "x-id": "ListParts"}
		if after > 0 {
			query["part-number-marker"] = strconv.FormatInt(after, 10)
		}
		check(t, "list", in, open.Key, got, err, http.MethodGet, query, nil)

		completion := sign.Completion{Size: 1 + random.Int64N(1<<45), Checksum: oneOf(random, "", exampleCRC)}
		got, err = signer.PresignCompletion(open, completion, in.now, in.lifetime)
		headers := map[string]string{"if-none-match": "*", "x-amz-mp-object-size": strconv.FormatInt(completion.Size, 10)}
		if completion.Checksum != "" {
			headers["x-amz-checksum-crc64nvme"] = completion.Checksum
		}
		check(t, "complete", in, open.Key, got, err, http.MethodPost, map[string]string{"uploadId": open.UploadID, "x-id": "CompleteMultipartUpload"}, headers)
	}
}

// check compares a signed request with the SDK's signature of it.
func check(t *testing.T, name string, in input, key string, got sign.PresignedRequest, err error, method string, query, headers map[string]string) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	address, _, _ := strings.Cut(presignGet(t, newSigner(t, in.config), sign.Get{Key: key, VersionID: "1"}, in.now, in.lifetime).URL, "?")
	request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	values := url.Values{"X-Amz-Expires": {strconv.FormatInt(int64(in.lifetime/time.Second), 10)}}
	for name, value := range query {
		values.Set(name, value)
	}
	request.URL.RawQuery = values.Encode()
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping, o.DisableHeaderHoisting = true, true })
	credentials := aws.Credentials{
		AccessKeyID: in.config.Credentials.AccessKeyID, SecretAccessKey: in.config.Credentials.SecretAccessKey, SessionToken: in.config.Credentials.SessionToken,
	}
	signed, sent, err := signer.PresignHTTP(t.Context(), credentials, request, "UNSIGNED-PAYLOAD", "s3", in.config.Region, in.now.UTC().Truncate(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	want := sign.PresignedRequest{Method: method, URL: signed, Headers: sentHeaders(sent), Expires: in.now.UTC().Truncate(time.Second).Add(in.lifetime)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s: %+v (-SDK +got):\n%s", name, in, diff)
	}
}

func TestMultipartRefuses(t *testing.T) {
	signer := newSigner(t, exampleConfig())
	open := sign.OpenUpload{Key: "videos/a.mp4", UploadID: exampleUploadID}
	part := sign.Part{Number: 1, Size: 1}
	parts := func(open sign.OpenUpload, part sign.Part) error {
		_, err := signer.PresignParts(open, []sign.Part{{Number: 2, Size: 1}, part}, exampleNow, exampleLifetime)
		return err
	}
	create := func(key string, headers map[string]string) error {
		_, err := signer.PresignCreate(sign.Create{Key: key, Headers: headers}, exampleNow, exampleLifetime)
		return err
	}
	list := func(open sign.OpenUpload, after int64) error {
		_, err := signer.PresignPartsList(open, after, exampleNow, exampleLifetime)
		return err
	}
	complete := func(open sign.OpenUpload, completion sign.Completion) error {
		_, err := signer.PresignCompletion(open, completion, exampleNow, exampleLifetime)
		return err
	}
	const secret = "planted-secret"
	for _, test := range []struct {
		name string
		err  error
		says string // empty: accepted
	}{
		{"part", parts(open, part), ""},
		{"list", list(open, 10_000), ""},
		{"completion", complete(open, sign.Completion{Size: 1, Checksum: exampleCRC}), ""},
		{"create", create("a", map[string]string{"x-amz-meta-a": "b"}), ""},
		{"part 0", parts(open, sign.Part{Size: 1}), "part number is 0: 1 to 10000 are allowed"},
		{"part 10,001", parts(open, sign.Part{Number: 10_001, Size: 1}), "part number is 10001"},
		{"empty part", parts(open, sign.Part{Number: 1}), "size of part 1 is 0 bytes: 1 to 5368709120 are allowed"},
		{"part too large", parts(open, sign.Part{Number: 1, Size: 5<<30 + 1}), "size of part 1 is 5368709121 bytes"},
		{"checksum with a line end", parts(open, sign.Part{Number: 1, Size: 1, Checksum: secret + "\r\n"}), "value of header x-amz-checksum-crc64nvme is malformed"},
		{"no upload id", parts(sign.OpenUpload{Key: "a"}, part), "upload id is empty"},
		{"long upload id", list(sign.OpenUpload{Key: "a", UploadID: strings.Repeat("a", 1025)}, 0), "upload id is malformed"},
		{"upload id with a space", complete(sign.OpenUpload{Key: "a", UploadID: secret + " a"}, sign.Completion{Size: 1}), "upload id is malformed"},
		{"no key", parts(sign.OpenUpload{UploadID: "a"}, part), "key is empty"},
		{"key with a parent", list(sign.OpenUpload{Key: "a/../b", UploadID: "a"}, 0), "the segments . and .. are not allowed"},
		{"create with a parent", create("../a", nil), "the segments . and .. are not allowed"},
		{"create with a header of a PUT", create("a", map[string]string{"if-none-match": "*"}), `header name is "if-none-match"`},
		{"create without a value", create("a", map[string]string{"x-amz-tagging": ""}), "value of header x-amz-tagging is empty"},
		{"list after -1", list(open, -1), "part number is -1: 0 to 10000 are allowed"},
		{"list after 10,001", list(open, 10_001), "part number is 10001"},
		{"empty completion", complete(open, sign.Completion{}), "size is 0 bytes: at least 1 is allowed"},
		{"checksum of a completion with a line end", complete(open, sign.Completion{Size: 1, Checksum: secret + "\n"}), "value of header x-amz-checksum-crc64nvme is malformed"},
	} {
		switch {
		case test.says == "" && test.err != nil, test.says != "" && (test.err == nil || !strings.Contains(test.err.Error(), test.says)):
			t.Errorf("%s: got %v, want %q", test.name, test.err, test.says)
		case test.err != nil && strings.Contains(test.err.Error(), secret):
			t.Errorf("%s: the error holds a value: %v", test.name, test.err)
		}
	}
	for name, presign := range map[string]func(time.Duration) error{
		"create": func(l time.Duration) error {
			_, err := signer.PresignCreate(sign.Create{Key: "a"}, exampleNow, l)
			return err
		},
		"parts": func(l time.Duration) error {
			_, err := signer.PresignParts(open, []sign.Part{part}, exampleNow, l)
			return err
		},
		"list": func(l time.Duration) error { _, err := signer.PresignPartsList(open, 0, exampleNow, l); return err },
		"complete": func(l time.Duration) error {
			_, err := signer.PresignCompletion(open, sign.Completion{Size: 1}, exampleNow, l)
			return err
		},
	} {
		for _, lifetime := range []time.Duration{0, -time.Second, time.Millisecond, 7*24*time.Hour + 1} {
			if presign(lifetime) == nil {
				t.Errorf("%s: a lifetime of %s is accepted", name, lifetime)
			}
		}
	}
}
