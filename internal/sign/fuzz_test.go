package sign_test

import (
	"encoding/base64"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"postern/internal/sign"
)

// FuzzPolicy: whatever is in key, field name and value, the policy says that and nothing else, in printable ASCII, or
// there is no form.
func FuzzPolicy(f *testing.F) {
	f.Add("videos/a.mp4", "x-amz-meta-title", "holiday")
	f.Add("documents/\"},{\"bucket\":\"other", "tagging", "\\\"],[\"starts-with\",\"$key\",\"")
	f.Add("🎬", "content-type", "\x00\r\n\x1f\x7f\u2028\ufeff\ufffd\U0010ffff")
	f.Add("a\xffb", "x-amz-meta-title", "\xed\xa0\x80")
	f.Add("${filename}", "policy", "")
	signer, err := sign.New(exampleConfig())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, key, name, value string) {
		post := sign.Post{Key: key, Fields: map[string]string{name: value}, MinSize: 1, MaxSize: 2}
		form, err := signer.PresignPost(post, exampleNow, exampleLifetime)
		if err != nil {
			return
		}
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			t.Fatal("a form for text that is not UTF-8")
		}
		document, err := base64.StdEncoding.DecodeString(form.Fields["policy"])
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range document {
			if c < ' ' || c > '~' {
				t.Fatalf("the policy holds byte %#x:\n%q", c, document)
			}
		}
		want := decodedPolicy{
			Expiration: exampleNow.Add(exampleLifetime),
			Equal: map[string]string{
				"bucket":           "examplebucket",
				"key":              key,
				name:               value,
				"x-amz-algorithm":  "AWS4-HMAC-SHA256",
				"x-amz-credential": form.Fields["x-amz-credential"],
				"x-amz-date":       "20260314T150926Z",
			},
			MinSize: 1,
			MaxSize: 2,
		}
		if diff := cmp.Diff(want, decodePolicy(t, form.Fields["policy"])); diff != "" {
			t.Errorf("policy (-want +got):\n%s", diff)
		}
	})
}
