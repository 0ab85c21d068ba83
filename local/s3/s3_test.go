package s3_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"postern/internal/sign"
	"postern/local/awsserver"
	"postern/local/iam"
	local "postern/local/s3"
	"postern/local/stacktest"
)

const (
	region    = stacktest.Region
	account   = stacktest.Account
	bucket    = stacktest.Bucket
	bucketARN = stacktest.BucketARN
	queueARN  = stacktest.QueueARN
)

const (
	key     = "videos/0123456789abcdef0123/018f.mp4"
	maxSize = 1000
)

const pending = "<Tagging><TagSet><Tag><Key>status</Key><Value>pending</Value></Tag></TagSet></Tagging>"

// An s3Run is a running S3 server and what tests need to use it.
type s3Run struct {
	*local.Server
	stacktest.Guard
	data   string
	signer *sign.Signer // of PresignRole
	client *s3.Client   // of the operator
}

func startS3(t *testing.T, data string) s3Run {
	t.Helper()
	g := stacktest.NewGuard()
	operator := g.Issue(t, iam.Operator)
	server, err := local.Start(local.Config{
		Data: data, Stack: stacktest.Stack(), Issuer: g.Issuer, Policies: g.Policies, Operator: operator, Queues: g.Queues,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	r := s3Run{Server: server, Guard: g, data: data}
	r.signer = r.signerOf(t, "PresignRole")
	r.client = r.clientOf(operator)
	return r
}

func (r s3Run) signerOf(t *testing.T, role string) *sign.Signer {
	t.Helper()
	c := r.Issue(t, role)
	signer, err := sign.New(sign.Config{Region: region, Bucket: bucket, Endpoint: r.URL, Credentials: sign.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func (r s3Run) clientOf(c iam.Credentials) *s3.Client {
	return s3.New(s3.Options{Region: region, BaseEndpoint: &r.URL, UsePathStyle: true, Credentials: c.Provider()})
}

func (r s3Run) form(t *testing.T) map[string]string {
	t.Helper()
	post, err := r.signer.PresignPost(sign.Post{
		Key: key, MinSize: 1, MaxSize: maxSize,
		Fields: map[string]string{"content-type": "video/mp4", "tagging": pending, "x-amz-meta-quota": "5000"},
	}, time.Now(), 15*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return maps.Clone(post.Fields)
}

// encode writes a form with its file last, and its boundary.
func encode(t *testing.T, fields map[string]string, file string) (string, string) {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		_ = w.WriteField(name, fields[name])
	}
	part, _ := w.CreateFormFile("file", "intro.mp4")
	_, _ = io.WriteString(part, file)
	_ = w.Close()
	return body.String(), w.Boundary()
}

func (r s3Run) post(t *testing.T, body, boundary string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL+"/"+bucket, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	_, code, _ := strings.Cut(string(answer), "<Code>")
	code, _, _ = strings.Cut(code, "</Code>")
	return response.StatusCode, code
}

// versions is how many versions of objects there are.
func (r s3Run) versions(t *testing.T) int {
	t.Helper()
	list, err := r.client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String(bucket)})
	if err != nil {
		t.Fatal(err)
	}
	return len(list.Versions) + len(list.DeleteMarkers)
}

// leftovers are the files of uploads that are not objects.
func (r s3Run) leftovers(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(r.data, "s3", bucket, ".sgwtmp", "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFormIsStored(t *testing.T) {
	r := startS3(t, t.TempDir())
	body, boundary := encode(t, r.form(t), "a video")
	if status, code := r.post(t, body, boundary); status != http.StatusNoContent {
		t.Fatalf("got %d %s, want 204", status, code)
	}
	got, err := r.client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	if err != nil {
		t.Fatal(err)
	}
	content, _ := io.ReadAll(got.Body)
	tagging, err := r.client.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	if err != nil {
		t.Fatal(err)
	}
	want := []any{"a video", "video/mp4", map[string]string{"quota": "5000"}, "status=pending"}
	tag := tagging.TagSet[0]
	if diff := cmp.Diff([]any{string(content), *got.ContentType, got.Metadata, *tag.Key + "=" + *tag.Value}, want); diff != "" {
		t.Error(diff)
	}
	plain, err := os.ReadFile(filepath.Join(r.data, "s3", bucket, key))
	if string(plain) != "a video" {
		t.Errorf("the plain file holds %q (%v), want the video", plain, err)
	}
}

func TestFormIsRefused(t *testing.T) {
	r := startS3(t, t.TempDir())
	set := func(name, value string) func(map[string]string) {
		return func(f map[string]string) { f[name] = value }
	}
	drop := func(name string) func(map[string]string) {
		return func(f map[string]string) { delete(f, name) }
	}
	tests := map[string]struct {
		alter  func(map[string]string)
		file   string                             // instead of "a video"
		change func(body, boundary string) string // of the encoded form
	}{
		"other key":                {alter: set("key", "videos/0123456789abcdef0123/0190.mp4")},
		"larger":                   {file: strings.Repeat("x", maxSize+1)},
		"empty":                    {file: "\x00empty"},
		"other type":               {alter: set("content-type", "text/html")},
		"no type":                  {alter: drop("content-type")},
		"other tag":                {alter: set("tagging", strings.Replace(pending, "pending", "ready", 1))},
		"no tag":                   {alter: drop("tagging")},
		"other metadata":           {alter: set("x-amz-meta-quota", "1")},
		"tampered policy":          {alter: allowMore},
		"wrong signature":          {alter: set("x-amz-signature", strings.Repeat("0", 64))},
		"no signature":             {alter: drop("x-amz-signature")},
		"no policy":                {alter: drop("policy")},
		"missing token":            {alter: drop("x-amz-security-token")},
		"other token":              {alter: set("x-amz-security-token", "AAAA")},
		"unknown key id":           {alter: func(f map[string]string) { f["x-amz-credential"] = "ASIAAAAAAAAAAAAAAAAA" + f["x-amz-credential"][20:] }},
		"other date":               {alter: set("x-amz-date", "20200101T000000Z")},
		"nothing signed":           {alter: func(f map[string]string) { maps.DeleteFunc(f, func(n, _ string) bool { return n != "key" }) }},
		"extra field":              {alter: set("acl", "public-read")},
		"extra metadata":           {alter: set("x-amz-meta-extra", "1")},
		"empty before a field":     {file: "\x00empty", change: withFieldAfter},
		"empty before an epilogue": {file: "\x00empty", change: func(body, _ string) string { return body + "epilogue" }},
		"file cut off":             {file: strings.Repeat("x", 500), change: func(body, boundary string) string { return strings.TrimSuffix(body, "\r\n--"+boundary+"--\r\n") }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			fields := r.form(t)
			body, boundary := encode(t, fields, "a video")
			if status, code := r.post(t, body, boundary); status != http.StatusNoContent {
				t.Fatalf("unaltered: got %d %s, want 204", status, code)
			}
			before := r.versions(t)
			if test.alter != nil {
				test.alter(fields)
			}
			file := "a video"
			if test.file != "" {
				file = strings.TrimPrefix(test.file, "\x00empty")
			}
			body, boundary = encode(t, fields, file)
			if test.change != nil {
				body = test.change(body, boundary)
			}
			status, code := r.post(t, body, boundary)
			t.Log(status, code)
			if status < 400 || status > 499 {
				t.Errorf("got %d %s, want 4xx", status, code)
			}
			if after := r.versions(t); after != before {
				t.Errorf("%d versions became %d", before, after)
			}
			if left := r.leftovers(t); left != nil {
				t.Errorf("left %q", left)
			}
		})
	}
}

// withFieldAfter puts a field after the file of an encoded form.
func withFieldAfter(body, boundary string) string {
	end := "--" + boundary + "--\r\n"
	return strings.TrimSuffix(body, end) + "--" + boundary + "\r\nContent-Disposition: form-data; name=\"acl\"\r\n\r\npublic-read\r\n" + end
}

// TestWhatFollowsTheFileIsIgnored sends forms with more than S3 reads.
func TestWhatFollowsTheFileIsIgnored(t *testing.T) {
	r := startS3(t, t.TempDir())
	for name, test := range map[string]struct {
		file   string
		change func(body, boundary string) string
	}{
		"a field":                  {"a video", withFieldAfter},
		"a field after 900 bytes":  {strings.Repeat("x\r\n", 300), withFieldAfter},
		"an epilogue":              {"a video", func(body, _ string) string { return body + "epilogue" }},
		"a file that looks alike":  {"a\r\n--video--\r\n--", withFieldAfter},
		"a file with line ends":    {"\r\n\r\n", withFieldAfter},
		"a field and an epilogue ": {"a video", func(body, boundary string) string { return withFieldAfter(body, boundary) + "epilogue" }},
	} {
		t.Run(name, func(t *testing.T) {
			body, boundary := encode(t, r.form(t), test.file[:min(len(test.file), 800)])
			if status, code := r.post(t, test.change(body, boundary), boundary); status != http.StatusNoContent {
				t.Fatalf("got %d %s, want 204", status, code)
			}
			if stored, _ := os.ReadFile(filepath.Join(r.data, "s3", bucket, key)); string(stored) != test.file[:min(len(test.file), 800)] {
				t.Errorf("stored %q, want the file alone", stored)
			}
		})
	}
}

// TestLargeFormsFile sends a file of many reads, with the end of the file at each place of a buffer's end.
func TestLargeFormsFile(t *testing.T) {
	r := startS3(t, t.TempDir())
	for size := 32<<10 - 80; size < 32<<10+4; size++ {
		post, err := r.signer.PresignPost(sign.Post{Key: key, MinSize: 1, MaxSize: 1 << 20}, time.Now(), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		file := strings.Repeat("abcdefg\n", size/8+1)[:size]
		body, boundary := encode(t, post.Fields, file)
		if status, code := r.post(t, withFieldAfter(body, boundary), boundary); status != http.StatusNoContent {
			t.Fatalf("%d bytes: got %d %s, want 204", size, status, code)
		}
		if stored, _ := os.ReadFile(filepath.Join(r.data, "s3", bucket, key)); string(stored) != file {
			t.Errorf("stored %d bytes of %d", len(stored), size)
		}
	}
}

// TestTwoSignatures signs requests in two places.
func TestTwoSignatures(t *testing.T) {
	r := startS3(t, t.TempDir())
	if _, err := r.client.PutObject(t.Context(), put(bucket, key, "")); err != nil {
		t.Fatal(err)
	}
	url, err := s3.NewPresignClient(r.client).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key)})
	if err != nil {
		t.Fatal(err)
	}
	body, boundary := encode(t, r.form(t), "a video")
	for name, test := range map[string]struct {
		method, url, body, authorization string
		status                           int
	}{
		"a URL":                    {http.MethodGet, url.URL, "", "", http.StatusOK},
		"a URL and a header":       {http.MethodGet, url.URL, "", "AWS4-HMAC-SHA256 Credential=a", http.StatusBadRequest},
		"a URL and a token":        {http.MethodGet, url.URL, "", "Bearer a", http.StatusBadRequest},
		"a form":                   {http.MethodPost, r.URL + "/" + bucket, body, "", http.StatusNoContent},
		"a form and a header":      {http.MethodPost, r.URL + "/" + bucket, body, "Basic YTpi", http.StatusBadRequest},
		"a form and a bare header": {http.MethodPost, r.URL + "/" + bucket, body, "AWS4-HMAC-SHA256", http.StatusBadRequest},
	} {
		request, _ := http.NewRequestWithContext(t.Context(), test.method, test.url, strings.NewReader(test.body))
		if test.body != "" {
			request.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
		}
		if test.authorization != "" {
			request.Header.Set("Authorization", test.authorization)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		refused := strings.Contains(string(answer), "<Code>InvalidArgument</Code>") && strings.Contains(string(answer), "Only one auth mechanism allowed")
		if response.StatusCode != test.status || refused != (test.status == http.StatusBadRequest) {
			t.Errorf("%s: got %d %s, want %d", name, response.StatusCode, answer, test.status)
		}
	}
}

// TestTwoContentTypes sends the signed content type and another one: S3 signs both, the server would keep the last.
func TestTwoContentTypes(t *testing.T) {
	r := startS3(t, t.TempDir())
	signed, err := s3.NewPresignClient(r.client).PresignPutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String(key), ContentType: aws.String("video/mp4"), ContentLength: aws.Int64(4),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, types := range [][]string{{"text/html", "video/mp4"}, {"video/mp4", "text/html"}, {"video/mp4", "video/mp4"}, {"video/mp4"}} {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, signed.URL, strings.NewReader("text"))
		request.Header["Content-Type"] = types
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		want := http.StatusForbidden
		if len(types) == 1 {
			want = http.StatusOK
		}
		if response.StatusCode != want {
			t.Errorf("%q: got %d, want %d", types, response.StatusCode, want)
		}
	}
}

// allowMore raises the largest size in the policy and leaves the signature as it was.
func allowMore(fields map[string]string) {
	policy, _ := base64.StdEncoding.DecodeString(fields["policy"])
	fields["policy"] = base64.StdEncoding.EncodeToString(bytes.Replace(policy, []byte(fmt.Sprint(maxSize)), []byte("9999"), 1))
}

// TestFileThatLooksLikeAForm holds boundaries that are not this form's, cut at every place by the server's reads.
func TestFileThatLooksLikeAForm(t *testing.T) {
	r := startS3(t, t.TempDir())
	file := strings.Repeat("\r\n--other--\r\n--\r", 60)
	body, boundary := encode(t, r.form(t), file)
	if status, code := r.post(t, body, boundary); status != http.StatusNoContent {
		t.Fatalf("got %d %s, want 204", status, code)
	}
	if stored, _ := os.ReadFile(filepath.Join(r.data, "s3", bucket, key)); string(stored) != file {
		t.Errorf("stored %d bytes of %d", len(stored), len(file))
	}
}

func TestHalfSentUploadLeavesNothing(t *testing.T) {
	r := startS3(t, t.TempDir())
	body, boundary := encode(t, r.form(t), strings.Repeat("x", maxSize))
	at, _ := url.Parse(r.URL)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at.Host)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Fprintf(conn, "POST /%s HTTP/1.1\r\nHost: %s\r\nContent-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n\r\n%s",
		bucket, at.Host, boundary, len(body), body[:len(body)-500])
	time.Sleep(100 * time.Millisecond)
	_ = conn.Close()
	time.Sleep(200 * time.Millisecond)
	if got := r.versions(t); got != 0 {
		t.Errorf("got %d objects, want none", got)
	}
	if left := r.leftovers(t); left != nil {
		t.Errorf("left %q", left)
	}
}

// TestBrowserGetsThePage opens the server's address as a browser and as clients do, and looks at what is logged.
func TestBrowserGetsThePage(t *testing.T) {
	g := stacktest.NewGuard()
	lines := make(chan string, 10)
	server, err := local.Start(local.Config{
		Data: t.TempDir(), Stack: stacktest.Stack(), Issuer: g.Issuer, Policies: g.Policies, Operator: g.Issue(t, iam.Operator), Queues: g.Queues,
		Page: "<p>this is S3</p>",
		Log: func(method, path string, status int, _ time.Duration) {
			lines <- fmt.Sprintf("%s %s %d", method, path, status)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	for len(lines) > 0 {
		<-lines // of the server's start
	}
	for _, test := range []struct {
		path, accept, authorization string
		status                      int
		contains                    string
		host                        string
	}{
		{"/", "text/html", "", http.StatusForbidden, "AccessDenied", "evil.example"},
		{"/", "text/html,*/*;q=0.8", "", http.StatusOK, "<p>this is S3</p>", ""},
		{"/", "*/*", "", http.StatusForbidden, "AccessDenied", ""},
		{"/", "", "", http.StatusForbidden, "AccessDenied", ""},
		{"/?versions", "text/html", "", http.StatusForbidden, "AccessDenied", ""},
		{"/", "text/html", "AWS4-HMAC-SHA256 Credential=planted", http.StatusForbidden, "<Error>", ""},
		{"/" + bucket + "/" + key + "?planted=planted", "text/html", "", http.StatusForbidden, "AccessDenied", ""},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+test.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = test.host
		for name, value := range map[string]string{"Accept": test.accept, "Authorization": test.authorization} {
			if value != "" {
				request.Header.Set(name, value)
			}
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != test.status || !strings.Contains(string(body), test.contains) {
			t.Errorf("%+v: got %d %s, %v", test, response.StatusCode, body, err)
		}
		path, _, _ := strings.Cut(test.path, "?")
		if got, want := <-lines, fmt.Sprintf("GET %s %d", path, test.status); got != want {
			t.Errorf("logged %q, want %q", got, want)
		}
	}
}

// TestFoldersArePrivate starts on folders that an earlier version let everybody look into.
func TestFoldersArePrivate(t *testing.T) {
	data := t.TempDir()
	folders := []string{filepath.Join(data, "s3"), filepath.Join(data, "s3-versions")}
	for _, folder := range folders {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	startS3(t, data)
	for _, folder := range folders {
		info, err := os.Stat(folder)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o700 {
			t.Errorf("%s: got mode %o, want 700", filepath.Base(folder), got)
		}
	}
}

func TestRestart(t *testing.T) {
	data := t.TempDir()
	r := startS3(t, data)
	body, boundary := encode(t, r.form(t), "a video")
	for range 2 {
		r.post(t, body, boundary)
	}
	r.Close()
	// As a killed process leaves them where there are no unnamed files.
	left := filepath.Join(data, "s3", bucket, ".sgwtmp", "0011.22")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	r = startS3(t, data)
	if got := r.versions(t); got != 2 {
		t.Errorf("got %d versions after a restart, want 2", got)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a half-sent upload is left (%v)", err)
	}
	if status, code := r.post(t, body, boundary); status != http.StatusForbidden {
		t.Errorf("a form of before the restart: got %d %s, want 403", status, code)
	}
}

func TestCORS(t *testing.T) {
	r := startS3(t, t.TempDir())
	for origin, want := range map[string]string{"https://app.example.com": "https://app.example.com", "https://evil.example.com": ""} {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodOptions, r.URL+"/"+bucket, nil)
		request.Header.Set("Origin", origin)
		request.Header.Set("Access-Control-Request-Method", "POST")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if got := response.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("origin %s: allowed %q, want %q", origin, got, want)
		}
	}
}

func TestSessionToken(t *testing.T) {
	r := startS3(t, t.TempDir())
	operator := r.Issue(t, iam.Operator)
	for token, want := range map[string]string{operator.SessionToken: "", "": "InvalidToken", "AAAA": "InvalidToken"} {
		signed := operator
		signed.SessionToken = token
		_, err := r.clientOf(signed).ListBuckets(t.Context(), &s3.ListBucketsInput{})
		if code := stacktest.Code(err); code != want {
			t.Errorf("a token of %d characters: got %v, want %q", len(token), err, want)
		}
	}
}

func TestAdministration(t *testing.T) {
	r := startS3(t, t.TempDir())
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPatch, r.URL+"/list-users", nil)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("got %d, want 405", response.StatusCode)
	}
}

func TestPortInUse(t *testing.T) {
	taken, err := awsserver.Listen(awsserver.Loopback, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	_, err = local.Start(local.Config{Data: t.TempDir(), Stack: stacktest.Stack(), Port: taken.Addr().(*net.TCPAddr).Port, Issuer: iam.NewIssuer(rand.Reader)})
	if !errors.Is(err, awsserver.ErrPortInUse) {
		t.Errorf("got %v, want %v", err, awsserver.ErrPortInUse)
	}
}

// Another program may take a free port before the server listens on it.
func TestFreePortThatIsTaken(t *testing.T) {
	var taken []net.Listener
	defer local.OnClaimForTest(func(port int) {
		if len(taken) == 0 {
			listener, err := awsserver.Listen(awsserver.Loopback, port)
			if err != nil {
				t.Fatal(err)
			}
			taken = append(taken, listener)
		}
	})()
	run := startS3(t, t.TempDir())
	defer func() { _ = taken[0].Close() }()
	if strings.HasSuffix(run.URL, taken[0].Addr().String()) {
		t.Errorf("the server is at %s, which is taken", run.URL)
	}
}
