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
		checkForm(t, form)
	}
	checkForm(t, api.PresignedForm{Fields: map[string]string{}})
}

func checkForm(t *testing.T, form api.PresignedForm) {
	t.Helper()
	body, err := apigw.EncodeForm(form)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(form); err != nil {
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
