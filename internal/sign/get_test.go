package sign_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/internal/sign"
)

func exampleGet() sign.Get {
	return sign.Get{
		Key:                "videos/0123456789abcdef0123/0198c0de00007000800000000000cafe.mp4",
		VersionID:          "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY",
		ContentDisposition: `attachment; filename="my holiday.mp4"`,
		ContentType:        "video/mp4",
		ContentLanguage:    "und",
		CacheControl:       "private, no-store",
		Expires:            "Thu, 01 Jan 1970 00:00:00 GMT",
	}
}

func presignGet(t *testing.T, signer *sign.Signer, get sign.Get, now time.Time, lifetime time.Duration) sign.PresignedRequest {
	t.Helper()
	request, err := signer.PresignGet(get, now, lifetime)
	if err != nil {
		t.Fatalf("PresignGet: %v", err)
	}
	return request
}

// TestPresignGet signs as AWS's documentation describes it, without the package's help.
func TestPresignGet(t *testing.T) {
	// 15:09:26.9 in UTC: what is below a second is in neither the date nor the expiry.
	now := exampleNow.Add(900 * time.Millisecond).In(time.FixedZone("", 3600))
	got := presignGet(t, newSigner(t, exampleConfig()), exampleGet(), now, exampleLifetime+900*time.Millisecond)

	const host, path = "examplebucket.s3.eu-west-1.amazonaws.com", "/videos/0123456789abcdef0123/0198c0de00007000800000000000cafe.mp4"
	query := "X-Amz-Algorithm=AWS4-HMAC-SHA256" +
		"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260314%2Feu-west-1%2Fs3%2Faws4_request" +
		"&X-Amz-Date=20260314T150926Z" +
		"&X-Amz-Expires=900" +
		"&X-Amz-SignedHeaders=host" +
		"&response-cache-control=private%2C%20no-store" +
		"&response-content-disposition=attachment%3B%20filename%3D%22my%20holiday.mp4%22" +
		"&response-content-language=und" +
		"&response-content-type=video%2Fmp4" +
		"&response-expires=Thu%2C%2001%20Jan%201970%2000%3A00%3A00%20GMT" +
		"&versionId=3sL4kqtJlcpXroDTDmJ%2BrmSpXd3dIbrHY" +
		"&x-id=GetObject"
	canonical := strings.Join([]string{"GET", path, query, "host:" + host, "", "host", "UNSIGNED-PAYLOAD"}, "\n")
	want := sign.PresignedRequest{
		Method:  "GET",
		URL:     "https://" + host + path + "?" + query + "&X-Amz-Signature=" + requestSignature(canonical, "20260314", "eu-west-1"),
		Expires: exampleNow.Add(exampleLifetime),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

// TestPresignGetAsTheObjectHasThem: a header that is not given is not in the query.
func TestPresignGetAsTheObjectHasThem(t *testing.T) {
	request := presignGet(t, newSigner(t, exampleConfig()), sign.Get{Key: "a b", VersionID: "v"}, exampleNow, exampleLifetime)
	if strings.Contains(request.URL, "response-") || !strings.Contains(request.URL, "/a%20b?") {
		t.Errorf("got %s", request.URL)
	}
}

// TestPresignGetWithToken: S3 wants the token of temporary credentials in the query, and only theirs.
func TestPresignGetWithToken(t *testing.T) {
	for _, token := range []string{"", exampleToken} {
		config := exampleConfig()
		config.Credentials.SessionToken = token
		request := presignGet(t, newSigner(t, config), exampleGet(), exampleNow, exampleLifetime)
		address, err := url.Parse(request.URL)
		if err != nil {
			t.Fatal(err)
		}
		if got := address.Query()["X-Amz-Security-Token"]; strings.Join(got, ",") != token {
			t.Errorf("got token %q, want %q", got, token)
		}
	}
}

// TestPresignGetPinsEverything: whatever is altered has another signature.
func TestPresignGetPinsEverything(t *testing.T) {
	signer := newSigner(t, exampleConfig())
	seen := map[string]string{}
	add := func(name string, change func(*sign.Get), now time.Time, lifetime time.Duration) {
		get := exampleGet()
		change(&get)
		_, signature, _ := strings.Cut(presignGet(t, signer, get, now, lifetime).URL, "X-Amz-Signature=")
		if other, ok := seen[signature]; ok || len(signature) != 64 {
			t.Errorf("%s: signature %q, the same as of %s", name, signature, other)
		}
		seen[signature] = name
	}
	same := func(*sign.Get) {}
	add("nothing", same, exampleNow, exampleLifetime)
	add("date", same, exampleNow.Add(time.Second), exampleLifetime)
	add("lifetime", same, exampleNow, exampleLifetime+time.Second)
	add("key", func(g *sign.Get) { g.Key += "x" }, exampleNow, exampleLifetime)
	add("version", func(g *sign.Get) { g.VersionID += "x" }, exampleNow, exampleLifetime)
	add("disposition", func(g *sign.Get) { g.ContentDisposition = "inline" }, exampleNow, exampleLifetime)
	add("no disposition", func(g *sign.Get) { g.ContentDisposition = "" }, exampleNow, exampleLifetime)
	add("type", func(g *sign.Get) { g.ContentType = "text/html" }, exampleNow, exampleLifetime)
	add("no type", func(g *sign.Get) { g.ContentType = "" }, exampleNow, exampleLifetime)
	add("language", func(g *sign.Get) { g.ContentLanguage = "tlh" }, exampleNow, exampleLifetime)
	add("no language", func(g *sign.Get) { g.ContentLanguage = "" }, exampleNow, exampleLifetime)
	add("cache", func(g *sign.Get) { g.CacheControl = "public" }, exampleNow, exampleLifetime)
	add("no cache", func(g *sign.Get) { g.CacheControl = "" }, exampleNow, exampleLifetime)
	add("expires", func(g *sign.Get) { g.Expires = "Fri, 01 Jan 2100 00:00:00 GMT" }, exampleNow, exampleLifetime)
	add("no expires", func(g *sign.Get) { g.Expires = "" }, exampleNow, exampleLifetime)
}

func TestPresignGetRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*sign.Get)
		want   string // in the error
	}{
		{"no key", func(g *sign.Get) { g.Key = "" }, "key is empty"},
		{"long key", func(g *sign.Get) { g.Key = strings.Repeat("k", 1025) }, "key has 1025 bytes: at most 1024"},
		{"key with newline", func(g *sign.Get) { g.Key = "a\r\nb" }, "control characters"},
		{"key with parent", func(g *sign.Get) { g.Key = "videos/../b" }, "the segments . and .. are not allowed"},
		{"no version", func(g *sign.Get) { g.VersionID = "" }, "version id is empty"},
		{"long version", func(g *sign.Get) { g.VersionID = strings.Repeat("v", 1025) }, "version id is malformed: only 1 to 1024 visible"},
		{"version with space", func(g *sign.Get) { g.VersionID = "a b" }, "version id is malformed"},
		{"disposition with newline", func(g *sign.Get) { g.ContentDisposition = "secret\r\nx: y" }, "content-disposition is malformed: only visible ASCII"},
		{"disposition not ASCII", func(g *sign.Get) { g.ContentDisposition = "secret é" }, "content-disposition is malformed"},
		{"type with NUL", func(g *sign.Get) { g.ContentType = "secret\x00" }, "content-type is malformed"},
		{"type with tab", func(g *sign.Get) { g.ContentType = "secret\tx" }, "content-type is malformed"},
		{"language with newline", func(g *sign.Get) { g.ContentLanguage = "secret\n" }, "content-language is malformed"},
		{"cache with newline", func(g *sign.Get) { g.CacheControl = "secret\n" }, "cache-control is malformed"},
		{"expires with newline", func(g *sign.Get) { g.Expires = "secret\n" }, "expires is malformed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			get := exampleGet()
			test.change(&get)
			request, err := newSigner(t, exampleConfig()).PresignGet(get, exampleNow, exampleLifetime)
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

func TestPresignGetLifetime(t *testing.T) {
	for _, test := range []struct {
		lifetime time.Duration
		want     string // in the error; empty when allowed
	}{
		{0, "lifetime is 0s: more than 0s and at most 168h0m0s are allowed"},
		{time.Second - 1, "lifetime is less than a second: at least 1s is allowed"},
		{time.Second, ""},
		{7 * 24 * time.Hour, ""},
		{7*24*time.Hour + 1, "lifetime is 168h0m0.000000001s"},
	} {
		_, err := newSigner(t, exampleConfig()).PresignGet(exampleGet(), exampleNow, test.lifetime)
		if test.want != "" {
			wantError(t, err, test.want)
		} else if err != nil {
			t.Errorf("lifetime %s: %v", test.lifetime, err)
		}
	}
}
