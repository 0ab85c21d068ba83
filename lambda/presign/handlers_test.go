package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/sign"
	"postern/internal/upload"
)

var now = time.Date(2026, time.March, 14, 15, 9, 26, 535_000_000, time.UTC)

// newPresigner returns a presigner with the real signer, a fixed time and no randomness.
func newPresigner(t *testing.T) *presigner {
	t.Helper()
	signer, err := sign.New(sign.Config{
		Region: "eu-west-1", Bucket: "examplebucket",
		Credentials: sign.Credentials{AccessKeyID: "ASIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret", SessionToken: "token"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &presigner{
		folders: folders(), lifetime: 15 * time.Minute, signer: signer,
		now: func() time.Time { return now }, random: zeros{}, keys: new(upload.KeyCache), log: slog.New(slog.DiscardHandler),
	}
}

// key is the owner's derived key.
var key = upload.DerivedKey([]byte("planted-secret-of-the-owner-abcd"))

// zeros are read without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func request(query map[string]string) apigw.Request[apigw.None] {
	query["mail"] = marker + "@example.com"
	caller := apigw.Caller{Owner: owner, Role: "user", MaxSize: 1 << 30, Quota: 10 << 30, Remaining: 9 << 30, FileQuota: 5, RemainingFiles: 4, Key: key}
	return apigw.Request[apigw.None]{Caller: caller, Query: query}
}

// formOf returns the form of a request and its policy's conditions.
func formOf(t *testing.T, p *presigner, request apigw.Request[apigw.None]) (api.PresignedForm, map[string]string) {
	t.Helper()
	form, err := p.form(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return form, conditionsOf(t, form.Fields)
}

// conditionsOf reads the conditions of a form's policy: the field of an eq condition by its value, and the range under
// content-length-range.
func conditionsOf(t *testing.T, fields map[string]string) map[string]string {
	t.Helper()
	document, err := base64.StdEncoding.DecodeString(fields["policy"])
	if err != nil {
		t.Fatal(err)
	}
	var policy struct{ Conditions []any }
	if err := json.Unmarshal(document, &policy); err != nil {
		t.Fatal(err)
	}
	conditions := map[string]string{}
	for _, condition := range policy.Conditions {
		switch condition := condition.(type) {
		case map[string]any:
			for name, value := range condition {
				conditions[name] = value.(string)
			}
		case []any:
			if condition[0] == "eq" {
				conditions[strings.TrimPrefix(condition[1].(string), "$")] = condition[2].(string)
			} else {
				conditions[condition[0].(string)] = fmt.Sprintf("%.0f-%.0f", condition[1], condition[2])
			}
		}
	}
	return conditions
}

func TestEveryFieldIsFixed(t *testing.T) {
	form, conditions := formOf(t, newPresigner(t), request(map[string]string{"filename": "Été " + marker + ".MP4", "type": "Video/MP4"}))
	want := map[string]string{
		"bucket":               "examplebucket",
		"content-length-range": "1-1073741824",
		"content-type":         "video/mp4",
		"key":                  form.Key,
		"tagging":              "<Tagging><TagSet><Tag><Key>status</Key><Value>pending</Value></Tag></TagSet></Tagging>",
		"x-amz-algorithm":      "AWS4-HMAC-SHA256",
		"x-amz-credential":     "ASIAIOSFODNN7EXAMPLE/20260314/eu-west-1/s3/aws4_request",
		"x-amz-date":           "20260314T150926Z",
		"x-amz-meta-postern":   form.Fields["x-amz-meta-postern"],
		"x-amz-security-token": "token",
	}
	if diff := cmp.Diff(conditions, want); diff != "" {
		t.Errorf("conditions (-got +want)\n%s", diff)
	}
	checkSealed(t, form.Key, form.Fields["x-amz-meta-postern"], upload.Declared{Quota: 10 << 30, Files: 5, Filename: "Été " + marker + ".MP4"})
	delete(want, "bucket")
	delete(want, "content-length-range")
	want["policy"], want["x-amz-signature"] = form.Fields["policy"], form.Fields["x-amz-signature"]
	if diff := cmp.Diff(form.Fields, want); diff != "" {
		t.Errorf("fields (-got +want)\n%s", diff)
	}
	if len(form.Fields["x-amz-signature"]) != 64 {
		t.Errorf("x-amz-signature %q", form.Fields["x-amz-signature"])
	}
}

// checkSealed compares the field of an object's metadata with what was declared, sealed for the object.
func checkSealed(t *testing.T, objectKey, field string, want upload.Declared) {
	t.Helper()
	if got, ok := key.Open(objectKey, map[string]string{"postern": field}); !ok || got != want {
		t.Errorf("sealed for %s: %+v, %t, want %+v", objectKey, got, ok, want)
	}
}

func TestForm(t *testing.T) {
	got, _ := formOf(t, newPresigner(t), request(map[string]string{}))
	id, err := key.NewID(now, zeros{}, "mp4")
	if err != nil {
		t.Fatal(err)
	}
	want := api.PresignedForm{
		URL: "https://examplebucket.s3.eu-west-1.amazonaws.com", Fields: got.Fields,
		ID:      id,
		Key:     "videos/" + owner + "/" + id,
		Expires: api.Time{Time: time.Date(2026, time.March, 14, 15, 24, 26, 0, time.UTC)},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("form (-got +want)\n%s", diff)
	}
	checkSealed(t, got.Key, got.Fields["x-amz-meta-postern"], upload.Declared{Quota: 10 << 30, Files: 5})
}

func TestFormFollowsTheFormat(t *testing.T) {
	for _, test := range []struct {
		query                    map[string]string
		folder, extension, ctype string
		sizes                    string
	}{
		{map[string]string{}, "videos", "mp4", "video/mp4", "1-1073741824"},
		{map[string]string{"filename": "a.mov"}, "videos", "mov", "video/quicktime", "1-1073741824"},
		{map[string]string{"filename": "a.pdf"}, "documents", "pdf", "application/pdf", "1-1048576"},
		{map[string]string{"type": "application/pdf"}, "documents", "pdf", "application/pdf", "1-1048576"},
		{map[string]string{"filename": "a.PDF", "type": "application/pdf"}, "documents", "pdf", "application/pdf", "1-1048576"},
		{map[string]string{"filename": "a.pdf", "type": "application/x-pdf; a=b"}, "documents", "pdf", "application/pdf", "1-1048576"},
		{map[string]string{"filename": "a.pdf", "type": ""}, "documents", "pdf", "application/pdf", "1-1048576"},
		{map[string]string{"type": ""}, "videos", "mp4", "video/mp4", "1-1073741824"},
	} {
		form, conditions := formOf(t, newPresigner(t), request(test.query))
		if !strings.HasPrefix(form.Key, test.folder+"/"+owner+"/") || !strings.HasSuffix(form.Key, "."+test.extension) ||
			form.Fields["content-type"] != test.ctype || conditions["content-length-range"] != test.sizes {
			t.Errorf("%v: key %s, type %s, sizes %s, want %+v", test.query, form.Key, form.Fields["content-type"], conditions["content-length-range"], test)
		}
	}
}

func TestSizeIsTheLeastLimit(t *testing.T) {
	for _, test := range []struct {
		name                      string
		maxSize, quota, remaining int64
		filename                  string
		want                      string
	}{
		{"S3", 1 << 50, 1 << 50, 1 << 50, "", "1-5368709120"},
		{"user", 7, 8, 8, "", "1-7"},
		{"quota", 8, 7, 7, "", "1-7"},
		{"what is left of the quota", 8, 8, 7, "", "1-7"},
		{"what the file name leaves of it", 8, 8, 7, "a.mp4", "1-2"},
		{"one byte", 1, 1, 1, "", "1-1"},
	} {
		r := request(map[string]string{})
		if test.filename != "" {
			r.Query["filename"] = test.filename
		}
		r.Caller.MaxSize, r.Caller.Quota, r.Caller.Remaining = test.maxSize, test.quota, test.remaining
		form, conditions := formOf(t, newPresigner(t), r)
		if got := conditions["content-length-range"]; got != test.want {
			t.Errorf("%s: content-length-range %s, want %s", test.name, got, test.want)
		}
		checkSealed(t, form.Key, form.Fields["x-amz-meta-postern"], upload.Declared{Quota: test.quota, Files: 5, Filename: test.filename})
	}
}

func TestRefusals(t *testing.T) {
	unlimited := apigw.Caller{Owner: owner, Role: "user", MaxSize: 1, Quota: 1, Remaining: 1, FileQuota: 9, RemainingFiles: 9}
	noQuota, usedUp, filesUsedUp := unlimited, unlimited, unlimited
	filesUsedUp.RemainingFiles = 0
	noQuota.Quota, noQuota.Remaining = 0, 0
	usedUp.Quota, usedUp.Remaining = 100, 0
	for _, test := range []struct {
		name   string
		query  map[string]string
		caller apigw.Caller
		want   upload.Error
	}{
		{"name", map[string]string{"filename": "a\r\nb.mp4"}, unlimited, upload.Error{
			Code:    api.InvalidRequest,
			Message: `filename "a\r\nb.mp4" has a control character: must be 1 to 255 characters of UTF-8 without control characters, / and \`,
		}},
		{"empty name is given", map[string]string{"filename": ""}, unlimited, upload.Error{
			Code:    api.InvalidRequest,
			Message: `filename "" is empty: must be 1 to 255 characters of UTF-8 without control characters, / and \`,
		}},
		{"extension", map[string]string{"filename": "a.svg"}, unlimited, upload.Error{
			Code:    api.UnsupportedMediaType,
			Message: `extension of filename "a.svg" is not supported: must be one of mov, mp4, pdf`,
		}},
		{"quota", map[string]string{}, noQuota, upload.Error{
			Code:    api.Forbidden,
			Message: "nothing may be uploaded: the quota is 0 bytes",
			Quota:   true,
		}},
		{"quota is used up", map[string]string{}, usedUp, upload.Error{
			Code:    api.Forbidden,
			Message: "nothing may be uploaded: the quota of 100 bytes is used up, or was a minute ago",
			Quota:   true,
		}},
		{"quota of files is used up", map[string]string{}, filesUsedUp, upload.Error{
			Code:    api.Forbidden,
			Message: "nothing may be uploaded: the quota of 9 files is used up, or was a minute ago",
			Quota:   true,
		}},
	} {
		answer, err := newPresigner(t).form(t.Context(), apigw.Request[apigw.None]{Caller: test.caller, Query: test.query})
		got, ok := errors.AsType[*upload.Error](err)
		if !ok {
			t.Errorf("%s: got %v, %v, want a refusal", test.name, answer, err)
		} else if diff := cmp.Diff(*got, test.want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", test.name, diff)
		}
	}
}

// The status that a client sees for each kind of bad input, over the whole function.
func TestStatuses(t *testing.T) {
	long := strings.Repeat("x", 9000)
	for _, test := range []struct {
		name   string
		query  map[string][]string
		status int
		says   []string
	}{
		{"no mail", map[string][]string{"mail": nil}, 400, []string{"mail"}},
		{"doubled mail", map[string][]string{"mail": {"a@x.com", "a@x.com"}}, 400, []string{"mail", "once"}},
		{"doubled filename", map[string][]string{"filename": {"a.mp4", "b.mp4"}}, 400, []string{"filename", "once"}},
		{"doubled type", map[string][]string{"type": {"video/mp4", "video/mp4"}}, 400, []string{"type", "once"}},
		{"unknown parameter", map[string][]string{"key": {"x"}}, 400, []string{"key", "mail, subject, filename, type"}},
		{"long filename", map[string][]string{"filename": {long}}, 400, []string{"filename", "9000 characters", "255"}},
		{"NUL", map[string][]string{"filename": {"a\x00.mp4"}}, 400, []string{"filename", `\\x00`}},
		{"long type", map[string][]string{"type": {long}}, 415, []string{"type", "video/mp4"}},
		{"CR/LF in type", map[string][]string{"type": {"video/mp4\r\nx: y"}}, 415, []string{"type", `\\r\\n`}},
		{"html", map[string][]string{"filename": {"a.html"}, "type": {"text/html"}}, 415, []string{"filename", "mov, mp4, pdf"}},
		{"mismatch", map[string][]string{"filename": {"a.mp4"}, "type": {"application/pdf"}}, 415, []string{"type", "application/pdf", "video/mp4"}},
	} {
		var log bytes.Buffer
		response, err := started(t, setup(&log))(t.Context(), event(t, test.query))
		if err != nil || response.StatusCode != test.status || len(response.Body) > 600 || log.Len() != 0 {
			t.Errorf("%s: got %d %s, %v, log %q, want %d", test.name, response.StatusCode, response.Body, err, &log, test.status)
		}
		for _, part := range test.says {
			if !strings.Contains(response.Body, part) {
				t.Errorf("%s: %s does not say %s", test.name, response.Body, part)
			}
		}
	}
}

// failingSigner fails or panics as it is told.
type failingSigner struct {
	err        error
	panicValue any
}

func (s failingSigner) fail() error {
	if s.panicValue != nil {
		panic(s.panicValue)
	}
	return s.err
}

func (s failingSigner) PresignPost(sign.Post, time.Time, time.Duration) (sign.PresignedPost, error) {
	return sign.PresignedPost{}, s.fail()
}

func (s failingSigner) PresignPut(sign.Put, time.Time, time.Duration) (sign.PresignedRequest, error) {
	return sign.PresignedRequest{}, s.fail()
}

func (s failingSigner) PresignCreate(sign.Create, time.Time, time.Duration) (sign.PresignedRequest, error) {
	return sign.PresignedRequest{}, s.fail()
}

func (s failingSigner) PresignParts(sign.OpenUpload, []sign.Part, time.Time, time.Duration) ([]sign.PresignedRequest, error) {
	return nil, s.fail()
}

func (s failingSigner) PresignPartsList(sign.OpenUpload, int64, time.Time, time.Duration) (sign.PresignedRequest, error) {
	return sign.PresignedRequest{}, s.fail()
}

func (s failingSigner) PresignCompletion(sign.OpenUpload, sign.Completion, time.Time, time.Duration) (sign.PresignedRequest, error) {
	return sign.PresignedRequest{}, s.fail()
}

func TestFaultsAreBareAndLoggedWithoutPersonalData(t *testing.T) {
	requests := map[string]events.APIGatewayProxyRequest{
		"a form":             event(t, map[string][]string{"type": {"video/mp4"}}),
		"a POST":             uploadEvent(t, `{"filename":"`+marker+`.mp4","title":"`+marker+`","size":1}`),
		"a PUT":              uploadEvent(t, `{"filename":"`+marker+`.mp4","title":"`+marker+`","size":1,"via":"put"}`),
		"a multipart upload": uploadEvent(t, `{"filename":"`+marker+`.mp4","title":"`+marker+`","size":1,"via":"multipart"}`),
		"a batch":            uploadEvent(t, `{"uploads":[{"filename":"`+marker+`.mp4","title":"`+marker+`","size":1}]}`),
		"parts":              multipartEvent(t, "/parts", `{"uploadId":"`+marker+`","size":1,"parts":[{"number":1}]}`),
		"a list of parts":    multipartEvent(t, "/parts/list", `{"uploadId":"`+marker+`"}`),
		"a completion":       multipartEvent(t, "/complete", `{"uploadId":"`+marker+`","size":1}`),
	}
	for _, test := range []struct {
		name  string
		spoil func(*presigner)
		log   string
	}{
		{"signer", func(p *presigner) { p.signer = failingSigner{err: errors.New("lifetime is 0s")} }, ": lifetime is 0s"},
		{"signer panics", func(p *presigner) { p.signer = failingSigner{panicValue: marker} }, "panic: string"},
		{"randomness", func(p *presigner) { p.random = iotest.ErrReader(io.ErrUnexpectedEOF) }, "reading randomness"},
		{"format table", func(m *presigner) {
			m.folders = contract.Folders{"videos": {MaxSize: 1, Formats: map[string]string{"not-an-ext": "video/mp4"}}}
		}, "malformed extension"},
		{"lifetime", func(p *presigner) { p.lifetime = -time.Second }, ": lifetime is -1s"},
	} {
		for kind, request := range requests {
			if test.name == "randomness" && request.PathParameters != nil {
				continue // it names no new object
			}
			if test.name == "format table" && kind != "a form" {
				continue // a file's own extension leads to a well-formed one
			}
			var log bytes.Buffer
			presigner := newPresigner(t)
			test.spoil(presigner)
			gateway, err := apigw.New(contract.Presign, presigner.handlers(), nil, slog.New(slog.NewJSONHandler(&log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			response, err := handler(gateway)(t.Context(), request)
			want := `{"message":"internal error","code":"internal_error","requestId":"c6af9ac6-7b61-11e6-9a41-93e8deadbeef"}` + "\n"
			if err != nil || response.StatusCode != http.StatusInternalServerError || response.Body != want {
				t.Errorf("%s, %s: got %d %s, %v, want 500 %s", test.name, kind, response.StatusCode, response.Body, err, want)
			}
			if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), test.log) || strings.Contains(log.String(), marker) {
				t.Errorf("%s, %s: log %s, want one line with %q and without personal data", test.name, kind, &log, test.log)
			}
		}
	}
}
