package apigw_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"postern/api"
	"postern/internal/apigw"
)

// A form's JSON is that of encoding/json, to the byte.
func TestFormIsEncodedAsByEncodingJSON(t *testing.T) {
	for _, text := range []string{
		"", "plain", `"`, `\`, "a\r\n\t\x00", "\x1f", "\x7f", "<Tagging>&'</Tagging>", "é\u2028\u2029🎬\ufffd", "a\xffb\xf0\x9f", `\u0041`, strings.Repeat("a", 9000),
	} {
		form := api.PresignedForm{
			URL: "https://" + text, Fields: map[string]string{"b" + text: text, "a": text, "c": "", text: "x"}, ID: text, Key: "k" + text,
			Expires: api.Time{Time: time.Date(2026, time.March, 14, 15, 9, 26, len(text)%2*535_000_000, time.UTC)},
		}
		checkEncoded(t, apigw.EncodeForm, form)
		put := api.UploadGrant{ID: text, Key: "k" + text, Method: text, URL: "https://" + text, Headers: form.Fields, Expires: form.Expires}
		checkEncoded(t, apigw.EncodeGrants, api.GrantOrGrants{UploadGrant: &put})
	}
	checkEncoded(t, apigw.EncodeForm, api.PresignedForm{Fields: map[string]string{}})
}

// So is that of every grant, also of one that has members of several methods.
func TestGrantsAreEncodedAsByEncodingJSON(t *testing.T) {
	put := api.UploadGrant{ID: "i", Key: "k", Method: api.MethodPut, URL: "u&", Headers: map[string]string{"a": "b"}}
	for _, change := range []func(*api.UploadGrant){
		func(*api.UploadGrant) {},
		func(g *api.UploadGrant) { g.Method = "" },
		func(g *api.UploadGrant) { g.URL = "" },
		func(g *api.UploadGrant) { g.Headers = nil },
		func(g *api.UploadGrant) { g.Fields = map[string]string{"c": "d"} },
		func(g *api.UploadGrant) { g.PartSize = 5 },
		func(g *api.UploadGrant) { g.PartCount = 6 },
		func(g *api.UploadGrant) { g.Create = &api.SignedRequest{Method: "POST"} },
	} {
		grant := put
		change(&grant)
		checkEncoded(t, apigw.EncodeGrants, api.GrantOrGrants{UploadGrant: &grant})
	}
	checkEncoded(t, apigw.EncodeGrants, api.GrantOrGrants{})
	checkEncoded(t, apigw.EncodeGrants, api.GrantOrGrants{UploadGrants: &api.UploadGrants{Uploads: []api.UploadResult{{UploadGrant: &put}, {Error: &api.ErrorBody{}}}}})
}

func checkEncoded[A any](t *testing.T, encode func(A) ([]byte, error), answer A) {
	t.Helper()
	body, err := encode(answer)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(answer); err != nil {
		t.Fatal(err)
	}
	if got := string(body) + "\n"; got != want.String() {
		t.Errorf("got  %s\nwant %s", got, &want)
	}
}

// What encoding/json refuses is an internal error.
func TestFormThatIsNoJSON(t *testing.T) {
	if body, err := apigw.EncodeForm(noJSON); err == nil {
		t.Errorf("got %s, want an error", body)
	}
}
