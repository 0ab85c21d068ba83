package sign_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/sign"
)

const exampleChecksum = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="

func examplePut() sign.Put {
	return sign.Put{
		Key: "videos/0123456789abcdef0123/0198c0de00007000800000000000cafe.mp4",
		Headers: map[string]string{
			"content-type":          "video/mp4",
			"if-none-match":         "*",
			"x-amz-checksum-sha256": exampleChecksum,
			"x-amz-meta-filename":   "aG9saWRheS5tcDQ",
			"x-amz-meta-quota":      "10737418240",
			"x-amz-tagging":         "status=pending",
		},
		Size: 1234,
	}
}

func presignPut(t *testing.T, signer *sign.Signer, put sign.Put, now time.Time, lifetime time.Duration) sign.PresignedRequest {
	t.Helper()
	request, err := signer.PresignPut(put, now, lifetime)
	if err != nil {
		t.Fatalf("PresignPut: %v", err)
	}
	return request
}

// TestPresignPut signs as AWS's documentation describes it, without the package's help.
func TestPresignPut(t *testing.T) {
	put := examplePut()
	// 15:09:26.9 in UTC: what is below a second is in neither the date nor the expiry.
	now := exampleNow.Add(900 * time.Millisecond).In(time.FixedZone("", 3600))
	got := presignPut(t, newSigner(t, exampleConfig()), put, now, exampleLifetime+900*time.Millisecond)

	const host, path = "examplebucket.s3.eu-west-1.amazonaws.com", "/videos/0123456789abcdef0123/0198c0de00007000800000000000cafe.mp4"
	const signedHeaders = "content-length;content-type;host;if-none-match;x-amz-checksum-sha256;x-amz-meta-filename;x-amz-meta-quota;x-amz-tagging"
	query := "X-Amz-Algorithm=AWS4-HMAC-SHA256" +
		"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260314%2Feu-west-1%2Fs3%2Faws4_request" +
		"&X-Amz-Date=20260314T150926Z" +
		"&X-Amz-Expires=900" +
		"&X-Amz-SignedHeaders=" + url.QueryEscape(signedHeaders) +
		"&x-id=PutObject"
	canonical := strings.Join([]string{
		"PUT", path, query,
		"content-length:1234", "content-type:video/mp4", "host:" + host, "if-none-match:*",
		"x-amz-checksum-sha256:" + exampleChecksum, "x-amz-meta-filename:aG9saWRheS5tcDQ", "x-amz-meta-quota:10737418240",
		"x-amz-tagging:status=pending", "",
		signedHeaders, "UNSIGNED-PAYLOAD",
	}, "\n")
	want := sign.PresignedRequest{
		Method: "PUT",
		URL:    "https://" + host + path + "?" + query + "&X-Amz-Signature=" + requestSignature(canonical, "20260314", "eu-west-1"),
		Headers: map[string]string{
			"Content-Type":          "video/mp4",
			"If-None-Match":         "*",
			"X-Amz-Checksum-Sha256": exampleChecksum,
			"X-Amz-Meta-Filename":   "aG9saWRheS5tcDQ",
			"X-Amz-Meta-Quota":      "10737418240",
			"X-Amz-Tagging":         "status=pending",
		},
		Expires: exampleNow.Add(exampleLifetime),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(examplePut(), put); diff != "" {
		t.Errorf("the caller's put changed (-before +after):\n%s", diff)
	}
}

// requestSignature signs a canonical request with the example's secret access key.
func requestSignature(canonical, day, region string) string {
	hash := sha256.Sum256([]byte(canonical))
	key := []byte("AWS4" + exampleSecretAccessKey)
	toSign := "AWS4-HMAC-SHA256\n20260314T150926Z\n" + day + "/" + region + "/s3/aws4_request\n" + hex.EncodeToString(hash[:])
	for _, message := range []string{day, region, "s3", "aws4_request", toSign} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(message))
		key = h.Sum(nil)
	}
	return hex.EncodeToString(key)
}

func TestPresignPutAddress(t *testing.T) {
	for _, test := range []struct{ bucket, endpoint, key, want string }{
		{"examplebucket", "", "a/b.mp4", "https://examplebucket.s3.eu-west-1.amazonaws.com/a/b.mp4"},
		{"example.bucket", "", "a/b.mp4", "https://s3.eu-west-1.amazonaws.com/example.bucket/a/b.mp4"},
		{"examplebucket", "http://127.0.0.1:9000", "a/b.mp4", "http://127.0.0.1:9000/examplebucket/a/b.mp4"},
		{"examplebucket", "https://example.com/s3/", "a", "https://example.com/s3/examplebucket/a"},
		{"examplebucket", "", "a b+c%2Fd/é?#&=~-_.", "https://examplebucket.s3.eu-west-1.amazonaws.com/a%20b%2Bc%252Fd/%C3%A9%3F%23%26%3D~-_."},
	} {
		config := exampleConfig()
		config.Bucket, config.Endpoint = test.bucket, test.endpoint
		request := presignPut(t, newSigner(t, config), sign.Put{Key: test.key, Size: 1}, exampleNow, exampleLifetime)
		if got, _, _ := strings.Cut(request.URL, "?"); got != test.want {
			t.Errorf("%s at %q: got %s, want %s", test.key, test.endpoint, got, test.want)
		}
	}
}

// TestPresignPutWithToken: S3 wants the token of temporary credentials in the query, and only theirs.
func TestPresignPutWithToken(t *testing.T) {
	for _, token := range []string{"", exampleToken} {
		config := exampleConfig()
		config.Credentials.SessionToken = token
		request := presignPut(t, newSigner(t, config), examplePut(), exampleNow, exampleLifetime)
		address, err := url.Parse(request.URL)
		if err != nil {
			t.Fatal(err)
		}
		if got := address.Query()["X-Amz-Security-Token"]; strings.Join(got, ",") != token {
			t.Errorf("got token %q, want %q", got, token)
		}
	}
}

// TestPresignPutPinsEverything: whatever is altered has another signature.
func TestPresignPutPinsEverything(t *testing.T) {
	signer := newSigner(t, exampleConfig())
	seen := map[string]string{}
	add := func(name string, change func(*sign.Put), now time.Time, lifetime time.Duration) {
		put := examplePut()
		change(&put)
		request := presignPut(t, signer, put, now, lifetime)
		_, signature, _ := strings.Cut(request.URL, "X-Amz-Signature=")
		if other, ok := seen[signature]; ok || len(signature) != 64 {
			t.Errorf("%s: signature %q, the same as of %s", name, signature, other)
		}
		seen[signature] = name
	}
	same := func(*sign.Put) {}
	add("nothing", same, exampleNow, exampleLifetime)
	add("date", same, exampleNow.Add(time.Second), exampleLifetime)
	add("lifetime", same, exampleNow, exampleLifetime+time.Second)
	add("key", func(p *sign.Put) { p.Key += "x" }, exampleNow, exampleLifetime)
	add("size", func(p *sign.Put) { p.Size++ }, exampleNow, exampleLifetime)
	for name := range examplePut().Headers {
		add("altered "+name, func(p *sign.Put) { p.Headers[name] += "x" }, exampleNow, exampleLifetime)
		add("without "+name, func(p *sign.Put) { delete(p.Headers, name) }, exampleNow, exampleLifetime)
	}
	add("with another", func(p *sign.Put) { p.Headers["x-amz-meta-title"] = "dA" }, exampleNow, exampleLifetime)
}

func TestPresignPutRefuses(t *testing.T) {
	header := func(name, value string) func(*sign.Put) {
		return func(p *sign.Put) { p.Headers[name] = value }
	}
	const malformed = "value of header x-amz-meta-title is malformed: only visible ASCII"
	for _, test := range []struct {
		name   string
		change func(*sign.Put)
		want   string // in the error
	}{
		{"no key", func(p *sign.Put) { p.Key = "" }, "key is empty"},
		{"long key", func(p *sign.Put) { p.Key = strings.Repeat("k", 1025) }, "key has 1025 bytes: at most 1024"},
		{"key with newline", func(p *sign.Put) { p.Key = "a\r\nb" }, "control characters"},
		{"key not UTF-8", func(p *sign.Put) { p.Key = "a\xffb" }, "only UTF-8"},
		{"key with parent", func(p *sign.Put) { p.Key = "videos/../b" }, `key is "videos/../b": the segments . and .. are not allowed`},
		{"key of this folder", func(p *sign.Put) { p.Key = "." }, "the segments . and .. are not allowed"},
		{"no size", func(p *sign.Put) { p.Size = 0 }, "size is 0 bytes: 1 to 5368709120 are allowed"},
		{"negative size", func(p *sign.Put) { p.Size = -1 }, "size is -1 bytes"},
		{"size over 5 GiB", func(p *sign.Put) { p.Size = 5<<30 + 1 }, "size is 5368709121 bytes: 1 to 5368709120 are allowed"},
		{"header without name", header("", "x"), `header name is "": only content-type, if-none-match, x-amz-checksum-sha256, x-amz-tagging and x-amz-meta-… are allowed`},
		{"header in upper case", header("Content-Type", "x"), `header name is "Content-Type": only`},
		{"metadata without name", header("x-amz-meta-", "x"), `header name is "x-amz-meta-": only lower-case letters, digits and - are allowed after x-amz-meta-`},
		{"metadata in upper case", header("x-amz-meta-Title", "x"), "only lower-case"},
		{"metadata with newline", header("x-amz-meta-a\r\nb", "x"), "only lower-case"},
		{"metadata with colon", header("x-amz-meta-a:b", "x"), "only lower-case"},
		{"length", header("content-length", "9"), "header name is"},
		{"host", header("host", "x"), "header name is"},
		{"authorization", header("authorization", "x"), "header name is"},
		{"header that is not signed", header("user-agent", "x"), "header name is"},
		{"access control list", header("x-amz-acl", "public-read"), "header name is"},
		{"empty value", header("x-amz-meta-title", ""), "value of header x-amz-meta-title is empty"},
		{"value with newline", header("x-amz-meta-title", "secret\r\nx-amz-acl: public-read"), malformed},
		{"value with NUL", header("x-amz-meta-title", "secret\x00"), malformed},
		{"value with tab", header("x-amz-meta-title", "secret\tx"), malformed},
		{"value not ASCII", header("x-amz-meta-title", "secret é"), malformed},
		{"value not UTF-8", header("x-amz-meta-title", "secret\xff"), malformed},
		{"value begins with space", header("x-amz-meta-title", " secret"), malformed},
		{"value ends with space", header("x-amz-meta-title", "secret "), malformed},
		{"value with two spaces", header("x-amz-meta-title", "secret  x"), malformed},
		{"value with wide space", header("x-amz-meta-title", "secret\u00a0x"), malformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			put := examplePut()
			test.change(&put)
			request, err := newSigner(t, exampleConfig()).PresignPut(put, exampleNow, exampleLifetime)
			wantError(t, err, test.want)
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("got error %q, which holds the value", err)
			}
			if diff := cmp.Diff(sign.PresignedRequest{}, request); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPresignPutLifetime(t *testing.T) {
	for _, test := range []struct {
		lifetime time.Duration
		want     string // in the error; empty when allowed
	}{
		{-time.Second, "lifetime is -1s: more than 0s and at most 168h0m0s are allowed"},
		{0, "lifetime is 0s"},
		{time.Second - 1, "lifetime is less than a second: at least 1s is allowed"},
		{time.Second, ""},
		{7 * 24 * time.Hour, ""},
		{7*24*time.Hour + 1, "lifetime is 168h0m0.000000001s"},
	} {
		_, err := newSigner(t, exampleConfig()).PresignPut(examplePut(), exampleNow, test.lifetime)
		if test.want != "" {
			wantError(t, err, test.want)
		} else if err != nil {
			t.Errorf("lifetime %s: %v", test.lifetime, err)
		}
	}
}
