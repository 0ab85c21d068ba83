package sign_test

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/sign"
)

// TestPresignPostCoversEveryField checks the form against S3's rule, and ours: a condition for the bucket and for every
// field but policy, signature and file, exactly the value in the form.
func TestPresignPostCoversEveryField(t *testing.T) {
	for _, token := range []string{"", exampleToken} {
		config := exampleConfig()
		config.Credentials.SessionToken = token
		form := presign(t, newSigner(t, config), examplePost(), exampleNow, exampleLifetime)

		want := decodedPolicy{
			Expiration: exampleNow.Add(exampleLifetime),
			Equal:      maps.Clone(form.Fields),
			MinSize:    1,
			MaxSize:    5 << 30,
		}
		delete(want.Equal, "policy")
		delete(want.Equal, "x-amz-signature")
		want.Equal["bucket"] = "examplebucket"
		if diff := cmp.Diff(want, decodePolicy(t, form.Fields["policy"])); diff != "" {
			t.Errorf("policy (-want +got):\n%s", diff)
		}
	}
}

func TestPresignPostFields(t *testing.T) {
	config := exampleConfig()
	config.Credentials.SessionToken = exampleToken
	post := examplePost()
	form := presign(t, newSigner(t, config), post, exampleNow, exampleLifetime)
	want := maps.Clone(post.Fields)
	maps.Copy(want, map[string]string{
		"key":                  post.Key,
		"x-amz-algorithm":      "AWS4-HMAC-SHA256",
		"x-amz-credential":     "AKIAIOSFODNN7EXAMPLE/20260314/eu-west-1/s3/aws4_request",
		"x-amz-date":           "20260314T150926Z",
		"x-amz-security-token": exampleToken,
		"policy":               form.Fields["policy"],
		"x-amz-signature":      signatureOf(exampleConfig(), form.Fields["policy"], exampleNow),
	})
	if diff := cmp.Diff(want, form.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(examplePost(), post); diff != "" {
		t.Errorf("the caller's post changed (-before +after):\n%s", diff)
	}
}

// TestPresignPostWithoutToken: long-lived credentials have no token, and an empty field would be refused.
func TestPresignPostWithoutToken(t *testing.T) {
	form := presign(t, newSigner(t, exampleConfig()), examplePost(), exampleNow, exampleLifetime)
	if token, ok := form.Fields["x-amz-security-token"]; ok {
		t.Errorf("got field x-amz-security-token %q, want none", token)
	}
}

func TestPresignPostPolicyText(t *testing.T) {
	post := sign.Post{Key: "documents/é\"\\🎬$.txt", Fields: map[string]string{"content-type": "text/plain"}, MinSize: 1, MaxSize: 1024}
	now := time.Date(2026, time.March, 14, 15, 9, 26, 535_897_932, time.FixedZone("", 3600))
	form := presign(t, newSigner(t, exampleConfig()), post, now, time.Minute)
	got, err := base64.StdEncoding.DecodeString(form.Fields["policy"])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"conditions":[` +
		`{"bucket":"examplebucket"},` +
		`{"x-amz-algorithm":"AWS4-HMAC-SHA256"},` +
		`{"x-amz-credential":"AKIAIOSFODNN7EXAMPLE/20260314/eu-west-1/s3/aws4_request"},  ` + // padded
		`{"x-amz-date":"20260314T140926Z"},` +
		`{"key":"documents/\u00e9\"\\\ud83c\udfac$.txt"},` +
		`{"content-type":"text/plain"},` +
		`["content-length-range",1,1024]],` +
		`"expiration":"2026-03-14T14:10:26.535Z"}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	if want := time.Date(2026, time.March, 14, 14, 10, 26, 535_000_000, time.UTC); form.Expires != want {
		t.Errorf("got expires %s, want %s", form.Expires, want)
	}
}

// TestPresignPostIsDeterministic: the order of a map must not show in the policy.
func TestPresignPostIsDeterministic(t *testing.T) {
	signer := newSigner(t, exampleConfig())
	first := presign(t, signer, examplePost(), exampleNow, exampleLifetime)
	for range 100 {
		if diff := cmp.Diff(first, presign(t, signer, examplePost(), exampleNow, exampleLifetime)); diff != "" {
			t.Fatalf("(-first +later):\n%s", diff)
		}
	}
}

// TestSignatureOfDocumentation checks what these tests sign with against AWS's own example:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html.
func TestSignatureOfDocumentation(t *testing.T) {
	const policy = "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9"
	config := exampleConfig()
	config.Region = "us-east-1"
	got := signatureOf(config, policy, time.Date(2015, time.December, 29, 0, 0, 0, 0, time.UTC))
	if want := "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestPresignPostTampered: whatever a client changes in the policy, the form's signature is not that of the result.
func TestPresignPostTampered(t *testing.T) {
	form := presign(t, newSigner(t, exampleConfig()), examplePost(), exampleNow, exampleLifetime)
	document, err := base64.StdEncoding.DecodeString(form.Fields["policy"])
	if err != nil {
		t.Fatal(err)
	}
	if got := signatureOf(exampleConfig(), form.Fields["policy"], exampleNow); got != form.Fields["x-amz-signature"] {
		t.Fatalf("unaltered: got signature %s, want %s", form.Fields["x-amz-signature"], got)
	}
	for _, test := range []struct{ name, before, after string }{
		{"expiration", `"2026-03-14T15:24:26.000Z"`, `"2036-03-14T15:24:26.000Z"`},
		{"bucket", `{"bucket":"examplebucket"}`, `{"bucket":"otherbucket"}`},
		{"key", `/0123456789abcdef0123/`, `/ffffffffffffffffffff/`},
		{"size", `5368709120`, `9368709120`},
		{"minimum", `["content-length-range",1,`, `["content-length-range",0,`},
		{"type", `"video/mp4"`, `"text/html"`},
		{"tag", `pending`, `ready`},
		{"quota", `"10737418240"`, `"99737418240"`},
		{"looser condition", `{"content-type":"video/mp4"}`, `["starts-with","$content-type",""]`},
		{"dropped condition", `{"x-amz-meta-quota":"10737418240"}`, ``},
		{"space", `,`, `, `},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(string(document), test.before) {
				t.Fatalf("the policy does not hold %s", test.before)
			}
			tampered := base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(document), test.before, test.after, 1)))
			if got := signatureOf(exampleConfig(), tampered, exampleNow); got == form.Fields["x-amz-signature"] {
				t.Errorf("the signature still fits")
			}
		})
	}
}

func TestPresignPostRefuses(t *testing.T) {
	field := func(name, value string) func(*sign.Post) {
		return func(p *sign.Post) { p.Fields[name] = value }
	}
	for _, test := range []struct {
		name   string
		change func(*sign.Post)
		want   string // in the error
	}{
		{"no key", func(p *sign.Post) { p.Key = "" }, "key is empty"},
		{"long key", func(p *sign.Post) { p.Key = strings.Repeat("k", 1025) }, "key has 1025 bytes: at most 1024"},
		{"key with NUL", func(p *sign.Post) { p.Key = "a\x00b" }, `key is "a\x00b": control characters`},
		{"key with newline", func(p *sign.Post) { p.Key = "a\r\nb" }, "control characters"},
		{"key with delete", func(p *sign.Post) { p.Key = "a\x7fb" }, "control characters"},
		{"key with C1 control", func(p *sign.Post) { p.Key = "a\u0085b" }, "control characters"},
		{"key not UTF-8", func(p *sign.Post) { p.Key = "a\xffb" }, "only UTF-8"},
		{"key with the client's file name", func(p *sign.Post) { p.Key = "videos/${filename}" }, "${filename} is not allowed"},
		{"negative minimum", func(p *sign.Post) { p.MinSize = -1 }, "minimum size is -1 bytes: at least 0"},
		{"maximum below minimum", func(p *sign.Post) { p.MinSize, p.MaxSize = 2, 1 }, "maximum size is 1 bytes: at least the minimum size, 2"},
		{"maximum over 5 GiB", func(p *sign.Post) { p.MaxSize = 5<<30 + 1 }, "maximum size is 5368709121 bytes: at most 5368709120"},
		{"field without name", field("", "x"), "empty name"},
		{"field in upper case", field("Content-Type", "x"), `field name is "Content-Type": only lower-case`},
		{"field with space", field("content type", "x"), "only lower-case"},
		{"field with quote", field(`a"b`, "x"), "only lower-case"},
		{"field with newline", field("a\r\nb", "x"), "only lower-case"},
		{"field not ASCII", field("é", "x"), "only lower-case"},
		{"field with dollar", field("$key", "x"), "only lower-case"},
		{"value not UTF-8", field("x-amz-meta-title", "secret\xff"), "value of field x-amz-meta-title is malformed: only UTF-8"},
		{"form over 20 KB", field("x-amz-meta-title", strings.Repeat("t", 10_000)), "at most 20480 are allowed"},
		{"reserved bucket", field("bucket", "x"), `field name is "bucket": it is reserved`},
		{"reserved key", field("key", "x"), "reserved"},
		{"reserved file", field("file", "x"), "reserved"},
		{"reserved policy", field("policy", "x"), "reserved"},
		{"reserved algorithm", field("x-amz-algorithm", "x"), "reserved"},
		{"reserved credential", field("x-amz-credential", "x"), "reserved"},
		{"reserved date", field("x-amz-date", "x"), "reserved"},
		{"reserved token", field("x-amz-security-token", "x"), "reserved"},
		{"reserved signature", field("x-amz-signature", "x"), "reserved"},
		{"reserved size range", field("content-length-range", "x"), "reserved"},
		{"reserved access key id", field("awsaccesskeyid", "x"), "reserved"},
		{"reserved signature of version 2", field("signature", "x"), "reserved"},
	} {
		t.Run(test.name, func(t *testing.T) {
			post := examplePost()
			test.change(&post)
			form, err := newSigner(t, exampleConfig()).PresignPost(post, exampleNow, exampleLifetime)
			wantError(t, err, test.want)
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("got error %q, which holds the value", err)
			}
			if diff := cmp.Diff(sign.PresignedPost{}, form); diff != "" {
				t.Errorf("form (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPresignPostLifetime(t *testing.T) {
	for _, test := range []struct {
		lifetime time.Duration
		want     string // in the error; empty when allowed
	}{
		{-time.Second, "lifetime is -1s: more than 0s and at most 168h0m0s are allowed"},
		{0, "lifetime is 0s"},
		{time.Second, ""},
		{7 * 24 * time.Hour, ""},
		{7*24*time.Hour + 1, "lifetime is 168h0m0.000000001s"},
	} {
		_, err := newSigner(t, exampleConfig()).PresignPost(examplePost(), exampleNow, test.lifetime)
		if test.want != "" {
			wantError(t, err, test.want)
		} else if err != nil {
			t.Errorf("lifetime %s: %v", test.lifetime, err)
		}
	}
}

// TestPresignPostLimits: what lies just inside the limits is signed.
func TestPresignPostLimits(t *testing.T) {
	signer := newSigner(t, exampleConfig())
	for _, post := range []sign.Post{
		{Key: strings.Repeat("k", 1024)},
		{Key: "k", MinSize: 5 << 30, MaxSize: 5 << 30},
		{Key: "k", Fields: map[string]string{"x-amz-meta-title": "\x00\x1f\x7f\u2028\U0010ffff"}},
	} {
		presign(t, signer, post, exampleNow, exampleLifetime)
	}
}
