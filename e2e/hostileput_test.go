package e2e_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"

	"postern/local/clip"
)

// leastPuts is how many attempts there are at least. A signature that covers less gives fewer.
const leastPuts = 192

// A putEdit alters the request of a signed PUT.
type putEdit struct {
	name string
	edit func(*http.Request)
}

// TestEveryAlteredPutIsRefused alters each header and each parameter that presign signs in each way, adds others, and sends
// the file elsewhere, by another method and at other lengths.
func TestEveryAlteredPutIsRefused(t *testing.T) {
	requireLocal(t)
	video := clip.MP4()
	sum := sha256.Sum256(video)
	body := map[string]any{
		"filename": "intro.mp4", "size": len(video), "title": "Intro", "checksum": base64.StdEncoding.EncodeToString(sum[:]),
	}
	sample, other := demo.grant(t, body), addUser(t, "hostile@example.com").grant(t, body)
	var attempts []hostile[grant]
	for _, e := range slices.Concat(headerEdits(sample), queryEdits(t, sample), targetEdits(sample, other), bodyEdits(video)) {
		attempts = append(attempts, hostile[grant]{e.name, func(t *testing.T, g grant) (int, string) { return g.put(t, video, e.edit) }})
	}
	attempts = append(attempts, hostile[grant]{"file cut off", func(t *testing.T, g grant) (int, string) { return g.putHalf(t, video) }})
	refuseAll(t, leastPuts, attempts, func() grant { return demo.grant(t, body) },
		func(t *testing.T, g grant) (int, string) { return g.put(t, video) })
}

// headerEdits alter the signed headers of a request, and add others that S3 would act upon.
func headerEdits(sample grant) []putEdit {
	var edits []putEdit
	for _, name := range slices.Sorted(maps.Keys(sample.Headers)) {
		value := func(change func(string) string) func(*http.Request) {
			return func(r *http.Request) { r.Header.Set(name, change(r.Header.Get(name))) }
		}
		edits = append(edits,
			putEdit{name + " altered", value(alter)},
			putEdit{name + " emptied", value(func(string) string { return "" })},
			putEdit{name + " dropped", dropHeader(name)},
			putEdit{name + " with more", value(func(v string) string { return v + "x" })},
			putEdit{name + " doubled, the same", func(r *http.Request) { r.Header.Add(name, r.Header.Get(name)) }},
			putEdit{name + " doubled, another after", func(r *http.Request) { r.Header.Add(name, alter(r.Header.Get(name))) }},
			putEdit{name + " doubled, another before", func(r *http.Request) {
				r.Header[name] = []string{alter(r.Header.Get(name)), r.Header.Get(name)}
			}},
		)
		if sample.Headers[name] != swapCase(sample.Headers[name]) {
			edits = append(edits, putEdit{name + " in another case", value(swapCase)})
		}
	}
	for name, value := range forgeries(sample.Headers["X-Amz-Meta-Postern"]) {
		edits = append(edits, putEdit{"metadata " + name, header("X-Amz-Meta-Postern", value)})
	}
	for name, value := range map[string]string{
		"X-Amz-Acl": "public-read", "X-Amz-Grant-Read": "uri=http://acs.amazonaws.com/groups/global/AllUsers",
		"X-Amz-Grant-Full-Control": "id=0123", "X-Amz-Meta-Owner": "other", "X-Amz-Meta-Quota": "9000000000000000",
		"X-Amz-Storage-Class": "GLACIER", "X-Amz-Website-Redirect-Location": "https://example.com/",
		"X-Amz-Copy-Source": "/other/object", "X-Amz-Copy-Source-Range": "bytes=0-1", "X-Amz-Metadata-Directive": "REPLACE",
		"X-Amz-Tagging-Directive": "REPLACE", "X-Amz-Server-Side-Encryption": "aws:kms",
		"X-Amz-Server-Side-Encryption-Customer-Algorithm": "AES256", "X-Amz-Object-Lock-Mode": "GOVERNANCE",
		"X-Amz-Object-Lock-Legal-Hold": "ON", "X-Amz-Request-Payer": "requester", "X-Amz-Write-Offset-Bytes": "1",
		"X-Amz-Checksum-Crc32": "AAAAAA==", "X-Amz-Security-Token": "AAAA", "Authorization": "AWS4-HMAC-SHA256 Credential=A",
	} {
		edits = append(edits, putEdit{"extra " + name, header(name, value)})
	}
	return append(edits, putEdit{"host altered", func(r *http.Request) { r.Host = "localhost:" + r.URL.Port() }})
}

// queryEdits alter the parameters of a signed request, and add others that name another operation of S3.
func queryEdits(t *testing.T, sample grant) []putEdit {
	t.Helper()
	signed, err := url.Parse(sample.URL)
	if err != nil {
		t.Fatal(err)
	}
	var edits []putEdit
	add := func(name string, change func(url.Values)) {
		edits = append(edits, putEdit{"query " + name, func(r *http.Request) {
			values := r.URL.Query()
			change(values)
			r.URL.RawQuery = values.Encode()
		}})
	}
	for _, name := range slices.Sorted(maps.Keys(signed.Query())) {
		add(name+" altered", func(v url.Values) { v.Set(name, alter(v.Get(name))) })
		if signed.Query().Get(name) != "" {
			add(name+" emptied", func(v url.Values) { v.Set(name, "") })
		}
		add(name+" dropped", func(v url.Values) { v.Del(name) })
		add(name+" doubled, the same", func(v url.Values) { v.Add(name, v.Get(name)) })
		add(name+" doubled, another after", func(v url.Values) { v.Add(name, alter(v.Get(name))) })
		add(name+" doubled, another before", func(v url.Values) { v[name] = []string{alter(v.Get(name)), v.Get(name)} })
		add(name+" named in another case", func(v url.Values) {
			v[swapCase(name)] = v[name]
			v.Del(name)
		})
		if value := signed.Query().Get(name); value != swapCase(value) {
			add(name+" in another case", func(v url.Values) { v.Set(name, swapCase(v.Get(name))) })
		}
	}
	for _, header := range strings.Split(signed.Query().Get("X-Amz-SignedHeaders"), ";") {
		add("X-Amz-SignedHeaders without "+header, func(v url.Values) {
			names := strings.Split(v.Get("X-Amz-SignedHeaders"), ";")
			v.Set("X-Amz-SignedHeaders", strings.Join(slices.DeleteFunc(names, func(n string) bool { return n == header }), ";"))
		})
	}
	add("X-Amz-Date a day later", func(v url.Values) { v.Set("X-Amz-Date", "20991231T235959Z") })
	add("X-Amz-Expires longer", func(v url.Values) { v.Set("X-Amz-Expires", "604800") })
	for _, name := range []string{
		"acl", "tagging", "retention", "legal-hold", "versionId", "uploads", "uploadId", "partNumber", "policy", "torrent",
		"x-amz-acl", "x-amz-tagging", "X-Amz-Storage-Class", "response-content-type",
	} {
		if !signed.Query().Has(name) {
			add("extra "+name, func(v url.Values) { v.Set(name, "1") })
		}
	}
	return edits
}

// targetEdits send a signed request elsewhere, or by another method.
func targetEdits(sample, other grant) []putEdit {
	var edits []putEdit
	path := func(name string, change func(string) string) {
		edits = append(edits, putEdit{name, func(r *http.Request) { r.URL.Path = change(r.URL.Path) }})
	}
	for _, folder := range []string{"videos-evil", "images", "Videos", "videos/..", "videos/../images", ""} {
		path("in folder "+folder, func(p string) string { return strings.Replace(p, "/videos/", "/"+folder+"/", 1) })
	}
	path("another key of the owner", func(p string) string { return strings.TrimSuffix(p, ".mp4") + "0.mp4" })
	path("another type", func(p string) string { return strings.TrimSuffix(p, ".mp4") + ".html" })
	path("another grant's key", func(p string) string { return keyed(p, sample.Key) })
	path("another owner's key", func(p string) string { return keyed(p, other.Key) })
	path("below the key", func(p string) string { return p + "/index.html" })
	path("a slash after it", func(p string) string { return p + "/" })
	path("a slash before it", func(p string) string { return strings.Replace(p, "/videos/", "//videos/", 1) })
	path("the bucket", bucketOf)
	path("another bucket", func(p string) string { return "/another" + strings.TrimPrefix(p, bucketOf(p)) })
	path("in another case", swapCase)
	for _, method := range []string{http.MethodPost, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPatch} {
		edits = append(edits, putEdit{"method " + method, func(r *http.Request) { r.Method = method }})
	}
	return edits
}

// keyed returns the path of another key in the same bucket.
func keyed(path, key string) string { return bucketOf(path) + "/" + key }

// bucketOf returns the part of a path that names the bucket.
func bucketOf(path string) string {
	bucket, _, _ := strings.Cut(path, "/videos/")
	return bucket
}

// bodyEdits send something else than the file: its length and, of the same length, its content are signed.
func bodyEdits(file []byte) []putEdit {
	edits := []putEdit{
		{"other content", func(r *http.Request) { setBody(r, bytes.ToUpper(file)) }},
		{"in chunks", func(r *http.Request) { r.ContentLength = -1 }},
		{"in chunks of S3's own", func(r *http.Request) {
			setBody(r, fmt.Appendf(nil, "%x\r\n%s\r\n0\r\n\r\n", len(file), file))
			r.Header.Set("Content-Encoding", "aws-chunked")
			r.Header.Set("X-Amz-Decoded-Content-Length", fmt.Sprint(len(file)))
			r.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		}},
	}
	for _, size := range []int{0, 1, len(file) - 1, len(file) + 1, 2 * len(file)} {
		edits = append(edits, putEdit{fmt.Sprintf("%d bytes instead of %d", size, len(file)), func(r *http.Request) {
			setBody(r, slices.Concat(file, file)[:size])
		}})
	}
	return edits
}

// putHalf announces the whole file, sends half of it and closes the connection. A client would not hear an answer, so that
// everything but a success counts as a refusal.
func (g grant) putHalf(t *testing.T, file []byte) (status int, code string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, g.URL, bytes.NewReader(file[:len(file)/2]))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range g.Headers {
		r.Header.Set(name, value)
	}
	r.ContentLength = int64(len(file))
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", r.URL.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := r.Write(conn); err == nil {
		t.Fatal("half of the file counts as all of it")
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	answer, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		return http.StatusBadRequest, ""
	}
	_ = answer.Body.Close()
	return min(answer.StatusCode, http.StatusBadRequest), ""
}

// setBody gives a request another body, of its own length.
func setBody(r *http.Request, body []byte) {
	r.ContentLength = int64(len(body))
	r.Body = http.NoBody
	if len(body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
}

// swapCase turns lower case into upper case and the reverse.
func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if lower := unicode.ToLower(r); lower != r {
			return lower
		}
		return unicode.ToUpper(r)
	}, s)
}
