package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/upload"
)

const (
	mib      = 1 << 20
	uploadID = "0190c1e2-7a4b-4c7e-9f60-1b2c3d4e5f60"
	crc      = "rosUhgp5mIg="
)

// grantedID is an id that was granted to the events' owner.
func grantedID(t testing.TB, extension string) string {
	t.Helper()
	id, err := key.NewID(now, zeros{}, extension)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// multipartEvent is the event of a route below an upload that was granted.
func multipartEvent(t testing.TB, route, body string) events.APIGatewayProxyRequest {
	t.Helper()
	e := uploadEvent(t, body)
	id := grantedID(t, "mp4")
	e.Resource, e.Path, e.PathParameters = "/uploads/{id}"+route, "/uploads/"+id+route, map[string]string{"id": id}
	return e
}

// answerOf is the answer to an event, which must succeed.
func answerOf[A any](t *testing.T, event events.APIGatewayProxyRequest, status int) (answer A) {
	t.Helper()
	var log bytes.Buffer
	response, err := started(t, setup(&log))(t.Context(), event)
	if err != nil || response.StatusCode != status || strings.Contains(log.String(), "ERROR") {
		t.Fatalf("got %d %s, %v, log %q, want %d", response.StatusCode, response.Body, err, &log, status)
	}
	if err := json.Unmarshal([]byte(response.Body), &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// queryOf is the query of a signed URL of the events' object, without what every signature has.
func queryOf(t *testing.T, signed string) map[string]string {
	t.Helper()
	address, err := url.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://examplebucket.s3.eu-west-1.amazonaws.com/videos/" + owner + "/" + grantedID(t, "mp4"); address.Scheme+"://"+address.Host+address.Path != want {
		t.Errorf("%s, want one below %s", signed, want)
	}
	query := map[string]string{}
	for name, values := range address.Query() {
		query[name] = values[0]
	}
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Signature"} {
		if query[name] == "" {
			t.Errorf("%s lacks %s", signed, name)
		}
		delete(query, name)
	}
	return query
}

func TestGrantOfAMultipartUpload(t *testing.T) {
	got := grant(t, api.UploadRequest{Filename: "a.mp4", Size: 100 * mib, Title: new("Clip"), Via: new("multipart"), PartSize: new(int64(5 * mib))})
	want := named("MULTIPART", "videos", "mp4")
	want.PartSize, want.PartCount = 5*mib, 20
	want.Create = &api.SignedRequest{Method: http.MethodPost, URL: got.Create.URL, Headers: map[string]string{
		"Content-Type":             "video/mp4",
		"X-Amz-Checksum-Algorithm": "CRC64NVME",
		"X-Amz-Checksum-Type":      "FULL_OBJECT",
		"X-Amz-Meta-Postern":       got.Create.Headers["X-Amz-Meta-Postern"],
		"X-Amz-Tagging":            "status=pending",
	}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("grant (-got +want)\n%s", diff)
	}
	checkSealed(t, got.Key, got.Create.Headers["X-Amz-Meta-Postern"], upload.Declared{Quota: 1 << 62, Files: 5, Size: 100 * mib, Filename: "a.mp4", Title: "Clip"})
	if diff := cmp.Diff(queryOf(t, got.Create.URL), map[string]string{
		"X-Amz-Expires":       "900",
		"X-Amz-SignedHeaders": "content-type;host;x-amz-checksum-algorithm;x-amz-checksum-type;x-amz-meta-postern;x-amz-tagging",
		"uploads":             "", "x-id": "CreateMultipartUpload",
	}); diff != "" {
		t.Errorf("query (-got +want)\n%s", diff)
	}
}

func TestParts(t *testing.T) {
	body := fmt.Sprintf(`{"uploadId":"%s","size":%d,"parts":[{"number":3},{"number":1,"checksum":"%s"}]}`, uploadID, 40*mib, crc)
	got := answerOf[api.PartsGrant](t, multipartEvent(t, "/parts", body), http.StatusOK)
	if len(got.Parts) != 2 {
		t.Fatalf("got %d parts, want 2", len(got.Parts))
	}
	for i, want := range []struct {
		number  int64
		headers map[string]string
		signed  string
	}{
		{3, nil, "content-length;host"},
		{1, map[string]string{"X-Amz-Checksum-Crc64nvme": crc}, "content-length;host;x-amz-checksum-crc64nvme"},
	} {
		if diff := cmp.Diff(got.Parts[i], api.SignedPart{Number: want.number, URL: got.Parts[i].URL, Headers: want.headers}); diff != "" {
			t.Errorf("part (-got +want)\n%s", diff)
		}
		if diff := cmp.Diff(queryOf(t, got.Parts[i].URL), map[string]string{
			"X-Amz-Expires": "900", "X-Amz-SignedHeaders": want.signed,
			"partNumber": fmt.Sprint(want.number), "uploadId": uploadID, "x-id": "UploadPart",
		}); diff != "" {
			t.Errorf("query of part %d (-got +want)\n%s", want.number, diff)
		}
	}
	if left := time.Until(got.Expires.Time); left < 14*time.Minute || left > 15*time.Minute {
		t.Errorf("expires in %s, want in 15 minutes", left)
	}
}

func TestPartsList(t *testing.T) {
	for body, marker := range map[string]string{
		`{"uploadId":"` + uploadID + `"}`:              "",
		`{"uploadId":"` + uploadID + `","after":null}`: "",
		`{"uploadId":"` + uploadID + `","after":0}`:    "",
		`{"uploadId":"` + uploadID + `","after":1000}`: "1000",
	} {
		got := answerOf[api.PartsListGrant](t, multipartEvent(t, "/parts/list", body), http.StatusOK)
		want := map[string]string{
			"X-Amz-Expires": "900", "X-Amz-SignedHeaders": "host", "max-parts": "1000", "uploadId": uploadID, "x-id": "ListParts",
		}
		if marker != "" {
			want["part-number-marker"] = marker
		}
		if diff := cmp.Diff(queryOf(t, got.URL), want); diff != "" || got.Expires.IsZero() {
			t.Errorf("%s: query (-got +want)\n%s", body, diff)
		}
	}
}

func TestCompletion(t *testing.T) {
	body := `{"uploadId":"` + uploadID + `","size":1234,"checksum":"` + crc + `"}`
	got := answerOf[api.CompleteGrant](t, multipartEvent(t, "/complete", body), http.StatusOK)
	want := api.CompleteGrant{URL: got.URL, Expires: got.Expires, Headers: map[string]string{
		"If-None-Match": "*", "X-Amz-Checksum-Crc64nvme": crc, "X-Amz-Mp-Object-Size": "1234",
	}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("completion (-got +want)\n%s", diff)
	}
	if diff := cmp.Diff(queryOf(t, got.URL), map[string]string{
		"X-Amz-Expires":       "900",
		"X-Amz-SignedHeaders": "host;if-none-match;x-amz-checksum-crc64nvme;x-amz-mp-object-size",
		"uploadId":            uploadID, "x-id": "CompleteMultipartUpload",
	}); diff != "" {
		t.Errorf("query (-got +want)\n%s", diff)
	}
	got = answerOf[api.CompleteGrant](t, multipartEvent(t, "/complete", `{"uploadId":"`+uploadID+`","size":1234}`), http.StatusOK)
	if diff := cmp.Diff(got.Headers, map[string]string{"If-None-Match": "*", "X-Amz-Mp-Object-Size": "1234"}); diff != "" {
		t.Errorf("headers without a checksum (-got +want)\n%s", diff)
	}
}

// Whoever's upload has filled the quota can ask again to complete it, but not to send more parts.
func TestCompletionWithAFullQuota(t *testing.T) {
	full := func(route, body string) events.APIGatewayProxyRequest {
		e := multipartEvent(t, route, body)
		maps.Copy(e.RequestContext.Authorizer, map[string]any{"quota": "1234", "remaining": "0", "remainingFiles": "0"})
		return e
	}
	got := answerOf[api.CompleteGrant](t, full("/complete", `{"uploadId":"`+uploadID+`","size":1234}`), http.StatusOK)
	if got.Headers["X-Amz-Mp-Object-Size"] != "1234" {
		t.Errorf("got headers %v, want the size", got.Headers)
	}
	answerOf[api.ErrorBody](t, full("/complete", `{"uploadId":"`+uploadID+`","size":1235}`), http.StatusRequestEntityTooLarge)
	answerOf[api.ErrorBody](t, full("/parts", `{"uploadId":"`+uploadID+`","size":1,"parts":[{"number":1}]}`), http.StatusForbidden)
}

// An id that was not granted to the caller's owner is not found, whatever else the request says.
func TestOnlyGrantedIDsAreSigned(t *testing.T) {
	id := grantedID(t, "mp4")
	foreign, err := upload.DerivedKey([]byte("planted-secret-of-another-owner0")).NewID(now, zeros{}, "mp4")
	if err != nil {
		t.Fatal(err)
	}
	bodies := map[string]string{
		"/parts": `{"uploadId":"a","size":1,"parts":[{"number":1}]}`, "/parts/list": `{"uploadId":"a"}`, "/complete": `{"uploadId":"a","size":1}`,
	}
	for name, id := range map[string]string{
		"another owner's": foreign, "another extension": strings.Replace(id, ".mp4", ".mov", 1), "of no folder": grantedID(t, "zip"),
		"one digit changed": flip(id), "upper case": strings.ToUpper(id), "empty": "", "encoded": strings.Replace(id, ".", "%2e", 1) + "%00",
		"parent": "..", "slash": "..%2F..%2F" + id, "long": strings.Repeat("a", 9000), "more": id + "x",
	} {
		for route, body := range bodies {
			for _, body := range []string{body, strings.Replace(body, `"a"`, `"../"`, 1)} {
				e := multipartEvent(t, route, body)
				e.PathParameters["id"] = id
				var log bytes.Buffer
				response, err := started(t, setup(&log))(t.Context(), e)
				if want := `"message":"no such upload","code":"not_found"`; err != nil || response.StatusCode != http.StatusNotFound || !strings.Contains(response.Body, want) || log.Len() != 0 {
					t.Errorf("%s, %s: got %d %s, %v, log %q, want 404", route, name, response.StatusCode, response.Body, err, &log)
				}
			}
		}
	}
}

// flip changes the last digit of an id.
func flip(id string) string {
	at := strings.IndexByte(id, '.') - 1
	other := byte('0')
	if id[at] == other {
		other = '1'
	}
	return id[:at] + string(other) + id[at+1:]
}

// The key is the caller's, whatever upload is named.
func TestKeyFollowsFromTheCaller(t *testing.T) {
	const other = "ffffffffffffffffffff"
	e := multipartEvent(t, "/complete", `{"uploadId":"`+uploadID+`","size":1}`)
	e.RequestContext.Authorizer["owner"] = other
	got := answerOf[api.CompleteGrant](t, e, http.StatusOK)
	if want := "/videos/" + other + "/"; !strings.Contains(got.URL, want) || strings.Contains(got.URL, owner) {
		t.Errorf("got %s, want one in %s", got.URL, want)
	}
}

// The status and text that a client sees for each kind of bad input, over the whole function.
func TestMultipartStatuses(t *testing.T) {
	long := strings.Repeat("x", 4096)
	for _, test := range []struct {
		route, body string
		status      int
		says        string
	}{
		{"/parts", `{"uploadId":"a","size":1,"parts":[]}`, 400, "parts are 0: must be 1 to 500"},
		{"/parts", `{"uploadId":"a","size":1,"parts":[{"number":0}]}`, 400, "parts[0].number is 0: must be 1 to 1"},
		{"/parts", `{"uploadId":"a","size":1,"parts":[{"number":2}]}`, 400, "parts[0].number is 2: must be 1 to 1"},
		{"/parts", `{"uploadId":"a","size":1,"parts":[{"number":1},{"number":1}]}`, 400, "parts[1].number 1 is given before"},
		{"/parts", `{"uploadId":"a","size":1,"parts":[{"number":1,"checksum":"AAAA"}]}`, 400, "parts[0].checksum"},
		{"/parts", `{"uploadId":"a","size":1,"parts":[{"number":1,"size":1}]}`, 400, `field \"parts[0].size\" is not known: must be one of number, checksum`},
		{"/parts", `{"uploadId":"a","size":1,"parts":[{}]}`, 400, "field parts[0].number is missing"},
		{"/parts", `{"uploadId":"a","size":1,"parts":[1]}`, 400, "field parts[0] is the number 1: must be an object"},
		{"/parts", `{"uploadId":"a","size":1}`, 400, "field parts is missing"},
		{"/parts", `{"uploadId":"a","size":1,"partSize":1,"parts":[{"number":1}]}`, 400, "partSize is 1 bytes"},
		{"/parts", `{"uploadId":"` + long + `","size":1,"parts":[{"number":1}]}`, 400, "uploadId has 4096 bytes"},
		{"/parts", `{"uploadId":"a/../b","size":1,"parts":[{"number":1}]}`, 400, "is not one of S3"},
		{"/parts", `{"uploadId":"a","size":1073741825,"parts":[{"number":1}]}`, 413, "must be 1 to 1073741824, the largest upload"},
		{"/parts", `{"uploadId":"a","size":0,"parts":[{"number":1}]}`, 400, "size is 0 bytes"},
		{"/parts/list", `{"uploadId":"` + long + `"}`, 400, "uploadId has 4096 bytes"},
		{"/parts/list", `{"uploadId":"a","after":-1}`, 400, "after is -1"},
		{"/parts/list", `{"uploadId":"a","size":1}`, 400, `field \"size\" is not known`},
		{"/parts/list", `{}`, 400, "field uploadId is missing"},
		{"/complete", `{"uploadId":"` + long + `","size":1}`, 400, "uploadId has 4096 bytes"},
		{"/complete", `{"uploadId":"a","size":1073741825}`, 413, "must be 1 to 1073741824, the largest upload"},
		{"/complete", `{"uploadId":"a","size":-1}`, 400, "size is -1 bytes"},
		{"/complete", `{"uploadId":"a","size":1,"checksum":"x"}`, 400, "is not a CRC64NVME"},
		{"/complete", `{"uploadId":"a","size":1,"parts":[]}`, 400, `field \"parts\" is not known`},
	} {
		var log bytes.Buffer
		response, err := started(t, setup(&log))(t.Context(), multipartEvent(t, test.route, test.body))
		if err != nil || response.StatusCode != test.status || !strings.Contains(response.Body, test.says) || len(response.Body) > 600 || log.Len() != 0 {
			t.Errorf("%s %.80s: got %d %s, %v, log %q, want %d %s", test.route, test.body, response.StatusCode, response.Body, err, &log, test.status, test.says)
		}
	}
}

func TestBatch(t *testing.T) {
	e := uploadEvent(t, `{"uploads":[
		{"filename":"a.mp4","size":7,"via":"put"}, {"filename":"b.html","size":1}, {"filename":"c.pdf","size":5,"via":"form"},
		{"filename":"d.mp4","size":8,"via":"multipart"}, {"filename":"e.mp4","size":8,"via":"multipart"}, {"filename":"f.mp4","size":1}, {"filename":"g.mp4","size":0}]}`)
	maps.Copy(e.RequestContext.Authorizer, map[string]any{"maxSize": "10", "quota": "50", "remaining": "35"}) // of which three names take 15
	got := answerOf[api.UploadGrants](t, e, http.StatusCreated)
	want := []string{
		"PUT", "unsupported_media_type extension", "POST", "MULTIPART",
		"forbidden nothing may be uploaded: the quota of 50 bytes is used up", "forbidden nothing may", "invalid_request size is 0 bytes",
	}
	if len(got.Uploads) != len(want) {
		t.Fatalf("got %d answers, want %d", len(got.Uploads), len(want))
	}
	ids := map[string]bool{}
	for i, result := range got.Uploads {
		var said string
		if result.Error != nil {
			said = string(result.Error.Code) + " " + result.Error.Message
			if result.Error.RequestID != "c6af9ac6-7b61-11e6-9a41-93e8deadbeef" {
				t.Errorf("%d: requestId %q", i, result.Error.RequestID)
			}
		}
		if (result.UploadGrant == nil) == (result.Error == nil) {
			t.Fatalf("%d: got %+v, want a grant or an error", i, result)
		}
		if result.UploadGrant != nil {
			said = result.Method
			ids[result.ID] = true
		}
		if !strings.HasPrefix(said, want[i]) {
			t.Errorf("%d: got %s, want %s", i, said, want[i])
		}
	}
	if len(ids) != 3 {
		t.Errorf("got ids %v, want three", slices.Collect(maps.Keys(ids)))
	}
}

func TestSizeOfABatch(t *testing.T) {
	file := `{"filename":"a.mp4","size":1}`
	for n, status := range map[int]int{0: 400, 1: 201, 100: 201, 101: 400} {
		files := strings.TrimSuffix(strings.Repeat(file+",", n), ",")
		response, err := started(t, setup(io.Discard))(t.Context(), uploadEvent(t, `{"uploads":[`+files+`]}`))
		if err != nil || response.StatusCode != status || status == 400 && !strings.Contains(response.Body, fmt.Sprintf("uploads are %d: must be 1 to 100", n)) {
			t.Errorf("%d: got %d %.200s, %v, want %d", n, response.StatusCode, response.Body, err, status)
		}
	}
	// A hundred of the longest names and titles fit.
	long := `{"filename":"` + strings.Repeat("é", 251) + `.mp4","size":1,"title":"` + strings.Repeat("é", 300) + `","type":"video/mp4","via":"multipart","partSize":16777216}`
	files := strings.TrimSuffix(strings.Repeat(long+",", 100), ",")
	got := answerOf[api.UploadGrants](t, uploadEvent(t, `{"uploads":[`+files+`]}`), http.StatusCreated)
	if i := slices.IndexFunc(got.Uploads, func(r api.UploadResult) bool { return r.UploadGrant == nil }); i >= 0 {
		t.Errorf("%d: got %+v", i, got.Uploads[i].Error)
	}
}

// What is left of the quota bounds a batch, not only each of its files.
func TestBatchIsHeldToWhatIsLeft(t *testing.T) {
	e := uploadEvent(t, `{"uploads":[{"filename":"a.mp4","size":6},{"filename":"b.mp4","size":6},{"filename":"c.mp4","size":4}]}`)
	maps.Copy(e.RequestContext.Authorizer, map[string]any{"maxSize": "10", "quota": "30", "remaining": "20"})
	got := answerOf[api.UploadGrants](t, e, http.StatusCreated).Uploads
	if len(got) != 3 || got[0].Error != nil || got[1].Error == nil || got[2].Error != nil {
		t.Fatalf("got %+v, want the second refused", got)
	}
	if want := "size is 6 bytes: must be 1 to 4, what is left of the quota less the 5 bytes of filename and title"; got[1].Error.Code != api.PayloadTooLarge || got[1].Error.Message != want {
		t.Errorf("got %+v, want %s", got[1].Error, want)
	}
}

// So does what is left of the files.
func TestBatchIsHeldToTheFilesThatAreLeft(t *testing.T) {
	e := uploadEvent(t, `{"uploads":[{"filename":"a.mp4","size":1},{"filename":"b.html","size":1},{"filename":"c.mp4","size":1},{"filename":"d.mp4","size":1}]}`)
	maps.Copy(e.RequestContext.Authorizer, map[string]any{"fileQuota": "5", "remainingFiles": "2"})
	got := answerOf[api.UploadGrants](t, e, http.StatusCreated).Uploads
	if len(got) != 4 || got[0].Error != nil || got[1].Error == nil || got[2].Error != nil || got[3].Error == nil {
		t.Fatalf("got %+v, want the second and the fourth refused", got)
	}
	if want := "nothing may be uploaded: the quota of 5 files is used up, or was a minute ago"; got[3].Error.Code != api.Forbidden || got[3].Error.Message != want {
		t.Errorf("got %+v, want %s", got[3].Error, want)
	}
}

// An id in the format table of yesterday is not signed today.
func TestFormatThatIsGone(t *testing.T) {
	s := setup(io.Discard)
	s.Env.Folders = contract.Folders{"documents": folders()["documents"]}
	response, err := started(t, s)(t.Context(), multipartEvent(t, "/parts/list", `{"uploadId":"a"}`))
	if err != nil || response.StatusCode != http.StatusNotFound {
		t.Errorf("got %d %s, %v, want 404", response.StatusCode, response.Body, err)
	}
}
