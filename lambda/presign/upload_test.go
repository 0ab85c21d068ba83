package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"postern/api"
	"postern/internal/apigw"
	"postern/internal/upload"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

const (
	gib      = 1 << 30
	checksum = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
)

// grant answers a request of an owner with the largest limits there are.
func grant(t *testing.T, declared api.UploadRequest) api.UploadGrant {
	t.Helper()
	caller := apigw.Caller{Owner: owner, Role: "user", MaxSize: 1 << 62, Quota: 1 << 62, Remaining: 1 << 61, FileQuota: 5, RemainingFiles: 4, Key: key}
	grant, err := newPresigner(t).upload(caller, declared, new(tally))
	if err != nil {
		t.Fatal(err)
	}
	return grant
}

// named is what every grant of the fixed time says besides how the file is sent.
func named(method, folder, extension string) api.UploadGrant {
	id, err := key.NewID(now, zeros{}, extension)
	if err != nil {
		panic(err)
	}
	return api.UploadGrant{
		ID: id, Key: folder + "/" + owner + "/" + id, Method: method,
		Expires: api.Time{Time: time.Date(2026, time.March, 14, 15, 24, 26, 0, time.UTC)},
	}
}

func TestGrantOfAForm(t *testing.T) {
	got := grant(t, api.UploadRequest{
		Filename: "Été.MP4", Size: 1234, Type: new("Video/MP4"), Title: new("Ferien 🏖"), Checksum: new(checksum), Via: new("form"),
	})
	want := named("POST", "videos", "mp4")
	want.URL = "https://examplebucket.s3.eu-west-1.amazonaws.com"
	want.Fields = map[string]string{
		"content-type":          "video/mp4",
		"key":                   want.Key,
		"policy":                got.Fields["policy"],
		"tagging":               "<Tagging><TagSet><Tag><Key>status</Key><Value>pending</Value></Tag></TagSet></Tagging>",
		"x-amz-algorithm":       "AWS4-HMAC-SHA256",
		"x-amz-checksum-sha256": checksum,
		"x-amz-credential":      "ASIAIOSFODNN7EXAMPLE/20260314/eu-west-1/s3/aws4_request",
		"x-amz-date":            "20260314T150926Z",
		"x-amz-meta-postern":    got.Fields["x-amz-meta-postern"],
		"x-amz-security-token":  "token",
		"x-amz-signature":       got.Fields["x-amz-signature"],
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("grant (-got +want)\n%s", diff)
	}
	checkSealed(t, got.Key, got.Fields["x-amz-meta-postern"], upload.Declared{Quota: 1 << 62, Files: 5, Size: 1234, Filename: "Été.MP4", Title: "Ferien 🏖"})
	conditions := conditionsOf(t, got.Fields)
	delete(want.Fields, "policy")
	delete(want.Fields, "x-amz-signature")
	want.Fields["bucket"], want.Fields["content-length-range"] = "examplebucket", "1234-1234"
	if diff := cmp.Diff(conditions, want.Fields); diff != "" {
		t.Errorf("conditions (-got +want)\n%s", diff)
	}
}

func TestGrantOfAPut(t *testing.T) {
	got := grant(t, api.UploadRequest{
		Filename: "report.pdf", Size: 1234, Title: new("Q1"), Checksum: new(checksum), Via: new("put"),
	})
	want := named("PUT", "documents", "pdf")
	want.URL = got.URL
	want.Headers = map[string]string{
		"Content-Type":          "application/pdf",
		"If-None-Match":         "*",
		"X-Amz-Checksum-Sha256": checksum,
		"X-Amz-Meta-Postern":    got.Headers["X-Amz-Meta-Postern"],
		"X-Amz-Tagging":         "status=pending",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("grant (-got +want)\n%s", diff)
	}
	checkSealed(t, got.Key, got.Headers["X-Amz-Meta-Postern"], upload.Declared{Quota: 1 << 62, Files: 5, Size: 1234, Filename: "report.pdf", Title: "Q1"})

	address, err := url.Parse(got.URL)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := address.Scheme+"://"+address.Host+address.Path, "https://examplebucket.s3.eu-west-1.amazonaws.com/"+want.Key; got != want {
		t.Errorf("address %s, want %s", got, want)
	}
	signature := address.Query().Get("X-Amz-Signature")
	if diff := cmp.Diff(address.Query(), url.Values{
		"X-Amz-Algorithm":      {"AWS4-HMAC-SHA256"},
		"X-Amz-Credential":     {"ASIAIOSFODNN7EXAMPLE/20260314/eu-west-1/s3/aws4_request"},
		"X-Amz-Date":           {"20260314T150926Z"},
		"X-Amz-Expires":        {"900"},
		"X-Amz-Security-Token": {"token"},
		"X-Amz-Signature":      {signature},
		"X-Amz-SignedHeaders": {"content-length;content-type;host;if-none-match;x-amz-checksum-sha256;" +
			"x-amz-meta-postern;x-amz-tagging"},
		"x-id": {"PutObject"},
	}); diff != "" || len(signature) != 64 {
		t.Errorf("query (-got +want)\n%s", diff)
	}
}

// What a client does not give is not signed, so it cannot be sent either.
func TestGrantOfTheLeast(t *testing.T) {
	form := grant(t, api.UploadRequest{Filename: "a.mov", Size: 1, Via: new("form")})
	put := grant(t, api.UploadRequest{Filename: "a.mov", Size: 1, Title: new("")})
	for _, name := range []string{"x-amz-checksum-sha256"} {
		if value, ok := form.Fields[name]; ok {
			t.Errorf("form: field %s %q", name, value)
		}
		if value, ok := put.Headers[http.CanonicalHeaderKey(name)]; ok {
			t.Errorf("put: header %s %q", name, value)
		}
	}
	if form.Fields["content-type"] != "video/quicktime" || put.Headers["Content-Type"] != "video/quicktime" {
		t.Errorf("types %q and %q, want video/quicktime", form.Fields["content-type"], put.Headers["Content-Type"])
	}
}

func TestTransports(t *testing.T) {
	for _, test := range []struct {
		via  *string
		size int64
		want api.UploadGrant // Method, PartSize and PartCount
	}{
		{nil, 1, api.UploadGrant{Method: "PUT"}},
		{nil, 5 * gib, api.UploadGrant{Method: "PUT"}},
		{new("form"), 5 * gib, api.UploadGrant{Method: "POST"}},
		{new("put"), 1, api.UploadGrant{Method: "PUT"}},
		{new("put"), 5 * gib, api.UploadGrant{Method: "PUT"}},
		{nil, 5*gib + 1, api.UploadGrant{Method: "MULTIPART", PartSize: 16 << 20, PartCount: 321}},
		{new("multipart"), 1, api.UploadGrant{Method: "MULTIPART", PartSize: 16 << 20, PartCount: 1}},
		{new("multipart"), 5 << 40, api.UploadGrant{Method: "MULTIPART", PartSize: 525 << 20, PartCount: 9987}},
	} {
		got := grant(t, api.UploadRequest{Filename: "a.mp4", Size: test.size, Via: test.via})
		want := named(test.want.Method, "videos", "mp4")
		want.URL, want.Fields, want.Headers, want.PartSize, want.PartCount = got.URL, got.Fields, got.Headers, test.want.PartSize, test.want.PartCount
		want.Create = got.Create
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%d: grant (-got +want)\n%s", test.size, diff)
		}
		if (got.URL != "") != (got.Method != api.MethodMultipart) || (got.Fields != nil) != (got.Method == api.MethodPost) || (got.Headers != nil) != (got.Method == api.MethodPut) ||
			(got.Create != nil) != (got.Method == api.MethodMultipart) {
			t.Errorf("%d: %s has url %q, fields %v, headers %v, create %v", test.size, got.Method, got.URL, got.Fields, got.Headers, got.Create)
		}
	}
}

// What a client reads, member by member.
func TestUploadFunction(t *testing.T) {
	for _, test := range []struct {
		via  string
		want map[string]bool // members
	}{
		{"form", map[string]bool{"id": true, "key": true, "method": true, "url": true, "fields": true, "expires": true}},
		{"put", map[string]bool{"id": true, "key": true, "method": true, "url": true, "headers": true, "expires": true}},
		{"multipart", map[string]bool{"id": true, "key": true, "method": true, "partSize": true, "partCount": true, "create": true, "expires": true}},
	} {
		var log bytes.Buffer
		body := fmt.Sprintf(`{"filename":"%s.mp4","size":7,"title":"%s","via":"%s"}`, marker, marker, test.via)
		for _, mails := range [][]string{{marker + "@example.com"}, nil} {
			e := uploadEvent(t, body)
			e.MultiValueQueryStringParameters = map[string][]string{"mail": mails}
			if mails == nil {
				e.MultiValueQueryStringParameters = nil
			}
			response, err := started(t, setup(&log))(t.Context(), e)
			if err != nil || response.StatusCode != http.StatusCreated || strings.Contains(log.String(), marker) {
				t.Fatalf("%s: got %d %s, %v, log %q, want 201", test.via, response.StatusCode, response.Body, err, &log)
			}
			var answer map[string]any
			if err := json.Unmarshal([]byte(response.Body), &answer); err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for member := range answer {
				got[member] = true
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Errorf("%s: members (-got +want)\n%s", test.via, diff)
			}
			expires, err := time.Parse(time.RFC3339, answer["expires"].(string))
			if lifetime := time.Until(expires); err != nil || !strings.HasSuffix(answer["expires"].(string), "Z") || lifetime < 14*time.Minute || lifetime > 16*time.Minute {
				t.Errorf("%s: expires %s, %v, want in 15 minutes, in UTC", test.via, answer["expires"], err)
			}
		}
	}
}

// declare is a good body with some members changed, each to a piece of JSON, or left out if it is empty.
func declare(t *testing.T, changes map[string]string) string {
	t.Helper()
	members := map[string]json.RawMessage{
		"filename": json.RawMessage(`"clip.mp4"`), "size": json.RawMessage("7"), "type": json.RawMessage(`"video/mp4"`),
		"title": json.RawMessage(`"Clip"`), "checksum": json.RawMessage(`"` + checksum + `"`), "via": json.RawMessage(`"form"`), "partSize": json.RawMessage("16777216"),
	}
	for name, value := range changes {
		members[name] = json.RawMessage(value)
		if value == "" {
			delete(members, name)
		}
	}
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// Every member that a client may leave out, left out and null.
func TestOptionalMembers(t *testing.T) {
	for _, name := range []string{"type", "title", "checksum", "via", "partSize"} {
		for _, value := range []string{"", "null"} {
			response, err := started(t, setup(io.Discard))(t.Context(), uploadEvent(t, declare(t, map[string]string{name: value})))
			if err != nil || response.StatusCode != http.StatusCreated {
				t.Errorf("%s %s: got %d %s, %v, want 201", name, value, response.StatusCode, response.Body, err)
			}
		}
	}
}

// The status and text that a client sees for each kind of bad input, over the whole function.
func TestUploadStatuses(t *testing.T) {
	long := strings.Repeat("x", 9000)
	type badInput struct {
		name   string
		body   string
		status int
		says   string // in the message
	}
	tests := []badInput{
		{"empty filename", declare(t, map[string]string{"filename": `""`}), 400, `filename \"\" is empty`},
		{"long filename", declare(t, map[string]string{"filename": `"` + long + `"`}), 400, "has 9000 characters: must be 1 to 255 characters"},
		{"filename with NUL", declare(t, map[string]string{"filename": `"a\u0000.mp4"`}), 400, "filename \\\"a\\\\x00.mp4\\\" has a control character"},
		{"filename with CR/LF", declare(t, map[string]string{"filename": `"a\r\n.mp4"`}), 400, "has a control character"},
		{"filename with path", declare(t, map[string]string{"filename": `"../a.mp4"`}), 400, "has a path separator"},
		{"filename of no format", declare(t, map[string]string{"filename": `"a.html"`}), 415, "extension of filename \\\"a.html\\\" is not supported: must be one of mov, mp4, pdf"},
		{"filename without extension", declare(t, map[string]string{"filename": `"clip"`}), 415, "must be one of mov, mp4, pdf"},
		{"type does not fit", declare(t, map[string]string{"type": `"application/pdf"`}), 415, `type \"application/pdf\" does not fit filename \"clip.mp4\": must be video/mp4`},
		{"long type", declare(t, map[string]string{"type": `"` + long + `"`}), 415, "must be video/mp4"},
		{"type with CR/LF", declare(t, map[string]string{"type": `"video/mp4\r\nx: y"`}), 415, "must be video/mp4"},
		{"size zero", declare(t, map[string]string{"size": "0"}), 400, "size is 0 bytes: must be at least 1"},
		{"size negative", declare(t, map[string]string{"size": "-1"}), 400, "size is -1 bytes: must be at least 1"},
		{"size over the limit", declare(t, map[string]string{"size": "1073741825"}), 413, "size is 1073741825 bytes: must be 1 to 1073741824, the largest upload"},
		{"size largest", declare(t, map[string]string{"size": "9223372036854775807"}), 413, "size is 9223372036854775807 bytes"},
		{"size over 64 bits", declare(t, map[string]string{"size": "9223372036854775808"}), 400, "field size is the number 9223372036854775808: must be a whole number"},
		{"size with a fraction", declare(t, map[string]string{"size": "1.0"}), 400, "field size is the number 1.0"},
		{"size with an exponent", declare(t, map[string]string{"size": "1e400"}), 400, "field size is the number 1e400"},
		{"size of many digits", declare(t, map[string]string{"size": "1" + strings.Repeat("0", 9000)}), 400, "field size is the number 1000"},
		{"size of a small folder", declare(t, map[string]string{"filename": `"a.pdf"`, "type": "", "size": "1048577"}), 413, "must be 1 to 1048576, the largest object of the folder"},
		{"title with NUL", declare(t, map[string]string{"title": `"a\u0000"`}), 400, "title \\\"a\\\\x00\\\" has a control character"},
		{"title with C1 control", declare(t, map[string]string{"title": `"a\u0085"`}), 400, "has a control character"},
		{"title of 301 characters", declare(t, map[string]string{"title": `"` + strings.Repeat("é", 301) + `"`}), 400, "has 301 characters: must be at most 300"},
		{"title too large with the name", declare(t, map[string]string{"filename": `"` + strings.Repeat("🎬", 251) + `.mp4"`, "title": `"` + strings.Repeat("🎬", 250) + `"`}), 400, "have 2008 bytes together in JSON: must be at most 1400"},
		{"checksum empty", declare(t, map[string]string{"checksum": `""`}), 400, `checksum \"\" is not a SHA-256`},
		{"checksum short", declare(t, map[string]string{"checksum": `"YQ=="`}), 400, "44 characters"},
		{"checksum in hexadecimal", declare(t, map[string]string{"checksum": `"` + strings.Repeat("0a", 32) + `"`}), 400, "44 characters"},
		{"checksum of base64url", declare(t, map[string]string{"checksum": `"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0="`}), 400, "44 characters"},
		{"checksum with spare bits", declare(t, map[string]string{"checksum": `"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa1="`}), 400, "44 characters"},
		{"checksum with a newline", declare(t, map[string]string{"checksum": `"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\n"`}), 400, "44 characters"},
		{"checksum long", declare(t, map[string]string{"checksum": `"` + long + `"`}), 400, "44 characters"},
		{"via unknown", declare(t, map[string]string{"via": `"FORM"`}), 400, `via \"FORM\" is not known: must be one of form, put, multipart`},
		{"via empty", declare(t, map[string]string{"via": `""`}), 400, "via"},
		{"via long", declare(t, map[string]string{"via": `"` + long + `"`}), 400, "must be one of form, put, multipart"},
		{"via with control", declare(t, map[string]string{"via": `"put\r\n"`}), 400, `put\\r\\n`},
	}
	tests = append(tests,
		badInput{"part size too small", declare(t, map[string]string{"partSize": "5242879"}), 400, "partSize is 5242879 bytes: must be 5242880 to 5368709120"},
		badInput{"part size too large", declare(t, map[string]string{"partSize": "5368709121"}), 400, "partSize is 5368709121 bytes"},
		badInput{"SHA-256 of parts", declare(t, map[string]string{"via": `"multipart"`}), 400, "checksum is a SHA-256, which S3 does not check of a file in parts"})
	for _, required := range []string{"filename", "size"} {
		tests = append(tests,
			badInput{"without " + required, declare(t, map[string]string{required: ""}), 400, "field " + required + " is missing"},
			badInput{"null for " + required, declare(t, map[string]string{required: "null"}), 400, "field " + required + " is missing"})
	}
	for _, name := range []string{"filename", "size", "type", "title", "checksum", "via"} {
		for value, says := range map[string]string{
			"true": "true", "{}": "an object", `["a"]`: "an array", `{"a":[1,{}]}`: "an object", "7": "the number 7", `"7"`: "a string",
		} {
			if (name == "size") == (value == "7") || (name != "size" && value == `"7"`) {
				continue
			}
			tests = append(tests, badInput{name + " is " + value, declare(t, map[string]string{name: value}), 400, "field " + name + " is " + says + ": must be a "})
		}
	}
	for _, test := range tests {
		var log bytes.Buffer
		response, err := started(t, setup(&log))(t.Context(), uploadEvent(t, test.body))
		if err != nil || response.StatusCode != test.status || len(response.Body) > 700 || log.Len() != 0 {
			t.Errorf("%s: got %d %s, %v, log %q, want %d", test.name, response.StatusCode, response.Body, err, &log, test.status)
		}
		if !strings.Contains(response.Body, test.says) {
			t.Errorf("%s: %s does not say %s", test.name, response.Body, test.says)
		}
	}
}

func TestSizeOverOneRequest(t *testing.T) {
	for _, via := range []string{"form", "put"} {
		e := uploadEvent(t, declare(t, map[string]string{"size": "5368709121", "via": `"` + via + `"`}))
		e.RequestContext.Authorizer["maxSize"] = "10737418240"
		var log bytes.Buffer
		response, err := started(t, setup(&log))(t.Context(), e)
		want := `"via \"` + via + `\" does not fit size 5368709121: it goes to 5368709120 bytes, must be multipart"`
		if err != nil || response.StatusCode != http.StatusBadRequest || !strings.Contains(response.Body, want) {
			t.Errorf("%s: got %d %s, %v, want 400 %s", via, response.StatusCode, response.Body, err, want)
		}
	}
}

// checkQuota checks that a quota is sealed in a grant.
func checkQuota(t *testing.T, body, quota string) {
	t.Helper()
	var grant api.UploadGrant
	if err := json.Unmarshal([]byte(body), &grant); err != nil {
		t.Fatal(err)
	}
	declared, ok := key.Open(grant.Key, map[string]string{"postern": grant.Headers["X-Amz-Meta-Postern"]})
	if !ok || fmt.Sprint(declared.Quota) != quota {
		t.Errorf("sealed: %+v, %t, want quota %s", declared, ok, quota)
	}
}

func TestLimitsOfAnUpload(t *testing.T) {
	for _, test := range []struct {
		name                      string
		maxSize, quota, remaining string
		size                      string
		status                    int
		says                      string
	}{
		{"at the largest upload", "7", "13", "13", "7", 201, `"method":"PUT"`},
		{"over the largest upload", "7", "13", "13", "8", 413, "size is 8 bytes: must be 1 to 7, the largest upload"},
		// The name takes five bytes.
		{"at the quota", "8", "12", "12", "7", 201, `"method":"PUT"`},
		{"over the quota", "8", "12", "12", "8", 413, "size is 8 bytes: must be 1 to 7, the quota less the 5 bytes of filename and title"},
		// What is signed is the quota in force: the inspection counts for itself.
		{"at what is left of the quota", "8", "14", "9", "4", 201, `"method":"PUT"`},
		{"over what is left of the quota", "8", "14", "9", "5", 413, "size is 5 bytes: must be 1 to 4, what is left of the quota less the 5 bytes of filename and title"},
		{"room for the name alone", "8", "14", "5", "1", 403, "nothing may be uploaded: filename and title take 5 bytes, and 5 are left of the quota"},
		{"nothing left of the quota", "8", "9", "0", "1", 403, "nothing may be uploaded: the quota of 9 bytes is used up, or was a minute ago"},
		{"no quota", "8", "0", "0", "1", 403, "nothing may be uploaded: the quota is 0 bytes"},
		{"more left than the quota", "8", "7", "8", "1", 500, `"message":"internal error"`},
		{"what is left is not known", "8", "7", "", "1", 500, `"message":"internal error"`},
	} {
		e := uploadEvent(t, `{"filename":"a.mp4","size":`+test.size+`}`)
		maps.Copy(e.RequestContext.Authorizer, map[string]any{"maxSize": test.maxSize, "quota": test.quota, "remaining": test.remaining})
		var log bytes.Buffer
		response, err := started(t, setup(&log))(t.Context(), e)
		if err != nil || response.StatusCode != test.status || !strings.Contains(response.Body, test.says) {
			t.Errorf("%s: got %d %s, %v, want %d %s", test.name, response.StatusCode, response.Body, err, test.status, test.says)
		}
		if test.status == http.StatusCreated {
			checkQuota(t, response.Body, test.quota)
		}
	}
}

// Whatever else a request holds, the owner is the authorizer's.
func TestUploadIsTheAuthorizersOwners(t *testing.T) {
	const other = "ffffffffffffffffffff"
	e := uploadEvent(t, `{"filename":"`+other+`.mp4","size":1}`)
	e.Headers["owner"], e.MultiValueHeaders["owner"] = other, []string{other}
	e.MultiValueQueryStringParameters = map[string][]string{"mail": {other + "@example.com"}}
	var log bytes.Buffer
	response, err := started(t, setup(&log))(t.Context(), e)
	var got api.UploadGrant
	if err := json.Unmarshal([]byte(response.Body), &got); err != nil {
		t.Fatal(err)
	}
	if want := "videos/" + owner + "/" + got.ID; err != nil || got.Key != want || !strings.Contains(got.URL, "/"+want+"?") {
		t.Errorf("got %s, %v, want key %s", response.Body, err, want)
	}
	for name, change := range map[string]func(*events.APIGatewayProxyRequest){
		"body": func(e *events.APIGatewayProxyRequest) {
			e.Body = `{"filename":"a.mp4","size":1,"owner":"` + other + `"}`
		},
		"query": func(e *events.APIGatewayProxyRequest) {
			e.MultiValueQueryStringParameters = map[string][]string{"owner": {other}}
		},
		"two mails": func(e *events.APIGatewayProxyRequest) {
			e.MultiValueQueryStringParameters = map[string][]string{"mail": {"a@x.com", "b@x.com"}}
		},
	} {
		e := uploadEvent(t, `{"filename":"a.mp4","size":1}`)
		change(&e)
		if response, err := started(t, setup(&log))(t.Context(), e); err != nil || response.StatusCode != http.StatusBadRequest {
			t.Errorf("owner in the %s: got %d %s, %v, want 400", name, response.StatusCode, response.Body, err)
		}
	}
	e = uploadEvent(t, `{"filename":"a.mp4","size":1}`)
	e.RequestContext.Authorizer = nil
	if response, err := started(t, setup(&log))(t.Context(), e); err != nil || response.StatusCode != http.StatusInternalServerError {
		t.Errorf("no authorizer: got %d %s, %v, want 500", response.StatusCode, response.Body, err)
	}
}
