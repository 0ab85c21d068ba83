package e2e_test

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/local/clip"
)

// A signedStep is one signed request of a multipart upload, in the form of a grant so that it can be altered as one.
type signedStep struct {
	grant
	body []byte
}

// send sends the request.
func (s signedStep) send(t *testing.T, edits ...func(*http.Request)) (status int, code string) {
	t.Helper()
	a := signed(t, s.Method, s.URL, s.Headers, s.body, edits...)
	return a.status, s3Code(a)
}

func step(of grant, method, url string, headers map[string]string, body []byte) signedStep {
	return signedStep{grant{api.UploadGrant{ID: of.ID, Key: of.Key, Method: method, URL: url, Headers: headers}}, body}
}

// leastSteps are how many attempts there are at least on each request of a multipart upload. A signature that covers less
// gives fewer.
var leastSteps = map[string]int{"create": 180, "part": 130, "list": 125, "completion": 150}

// TestEveryAlteredMultipartIsRefused alters create, part, list and completion as TestEveryAlteredPutIsRefused does a PUT.
func TestEveryAlteredMultipartIsRefused(t *testing.T) {
	requireLocal(t)
	video := clip.MP4()
	size := int64(len(video))
	begin := func() openUpload { return demo.begin(t, "intro.mp4", size) }
	shared := begin()
	steps := map[string]func() signedStep{
		"create": func() signedStep {
			g := demo.grant(t, map[string]any{"filename": "intro.mp4", "size": size, "via": "multipart"})
			return step(g, g.Create.Method, g.Create.URL, g.Create.Headers, nil)
		},
		"part": func() signedStep {
			a := shared.client.postJSON(t, "uploads/"+shared.grant.ID+"/parts", api.PartsRequest{
				UploadID: shared.uploadID, Size: size, Parts: []api.PartRequest{{Number: 1, Checksum: new(crc64NVME(video))}},
			})
			part := decoded[api.PartsGrant](t, a).Parts[0]
			return step(shared.grant, http.MethodPut, part.URL, part.Headers, video)
		},
		"list": func() signedStep {
			a := shared.client.postJSON(t, "uploads/"+shared.grant.ID+"/parts/list", api.PartsListRequest{UploadID: shared.uploadID})
			return step(shared.grant, http.MethodGet, decoded[api.PartsListGrant](t, a).URL, nil, nil)
		},
		"completion": func() signedStep {
			m := begin()
			sent := m.sendAll(t, video)
			c := m.completion(t, crc64NVME(video))
			return step(m.grant, http.MethodPost, c.URL, c.Headers, completionBody(t, sent))
		},
	}
	other := addUser(t, "hostile-multipart@example.com").begin(t, "intro.mp4", size)
	for name, fresh := range steps {
		t.Run(name, func(t *testing.T) {
			sample := fresh()
			edits := slices.Concat(headerEdits(sample.grant), queryEdits(t, sample.grant), targetEdits(begin().grant, other.grant))
			if name == "part" {
				edits = append(edits, bodyEdits(video)...)
			}
			edits = append(edits, putEdit{"method PUT", func(r *http.Request) { r.Method = http.MethodPut }})
			edits = slices.DeleteFunc(edits, func(e putEdit) bool { return e.name == "method "+sample.Method })
			var attempts []hostile[signedStep]
			for _, e := range edits {
				attempts = append(attempts, hostile[signedStep]{e.name, func(t *testing.T, s signedStep) (int, string) { return s.send(t, e.edit) }})
			}
			before := server.operator(t).multiparts(t)
			refuseAll(t, leastSteps[name], attempts, fresh, func(t *testing.T, s signedStep) (int, string) { return s.send(t) })
			if name == "completion" {
				return // each attempt has begun one
			}
			begun := 0
			if name == "create" {
				begun = 1 // the unaltered one
			}
			if after := server.operator(t).multiparts(t); len(after) != len(before)+begun {
				t.Errorf("%d multipart uploads are open, want %d", len(after), len(before)+begun)
			}
		})
	}
	var listed struct {
		Part []struct {
			PartNumber, Size  int64
			ChecksumCRC64NVME string
		}
	}
	if a := shared.list(t, 0); xml.Unmarshal(a.body, &listed) != nil || len(listed.Part) != 1 || listed.Part[0].Size != size ||
		listed.Part[0].ChecksumCRC64NVME != crc64NVME(video) {
		t.Errorf("parts: got %s, want the unaltered one alone", a.body)
	}
}

// multiparts are the ids of all open multipart uploads.
func (o operator) multiparts(t *testing.T) []string {
	t.Helper()
	var ids []string
	pages := s3.NewListMultipartUploadsPaginator(o.objects, &s3.ListMultipartUploadsInput{Bucket: aws.String(o.outputs["BucketName"])})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, open := range page.Uploads {
			ids = append(ids, *open.UploadId)
		}
	}
	return ids
}

// TestBadCompletions completes an upload wrongly in each way, and then rightly.
func TestBadCompletions(t *testing.T) {
	requireLocal(t)
	file := text(2*5*mib + 17)
	m := demo.begin(t, "long.txt", int64(len(file)))
	stale := put(t, m.parts(t, 2)[0], append(text(5 * mib)[1:], 'x'))
	if stale.status != http.StatusOK {
		t.Fatalf("a part with other bytes: got %d %s", stale.status, stale.body)
	}
	sent := m.sendAll(t, file) // sends part 2 again
	old := slices.Clone(sent)
	old[1].ETag = stale.header.Get("ETag")
	made := slices.Clone(sent)
	made[1].ETag = `"d41d8cd98f00b204e9800998ecf8427e"`
	otherSum := slices.Clone(sent)
	otherSum[1].Checksum = sent[2].Checksum
	for name, parts := range map[string][]sentPart{
		"a missing part": {sent[0], sent[2]}, "the last one missing": sent[:2], "none": nil, "one alone": sent[:1],
		"a stale ETag": old, "a made-up ETag": made, "a part's other checksum": otherSum,
		"another order": {sent[1], sent[0], sent[2]}, "one doubled": {sent[0], sent[0], sent[1], sent[2]},
		"part 0":                   append([]sentPart{{Number: 0, ETag: sent[0].ETag, Checksum: sent[0].Checksum}}, sent...),
		"a part that was not sent": append(slices.Clone(sent), sentPart{Number: 4, ETag: sent[2].ETag, Checksum: sent[2].Checksum}),
	} {
		if a := m.complete(t, parts, ""); a.status < 400 || a.status > 499 {
			t.Errorf("%s: got %d %s, want 4xx", name, a.status, a.body)
		}
	}
	if a := m.complete(t, sent, crc64NVME(file[1:])); a.status != http.StatusBadRequest || s3Code(a) != "BadDigest" {
		t.Errorf("another whole checksum: got %d %s, want BadDigest", a.status, a.body)
	}
	larger := m
	larger.size++
	if a := larger.complete(t, sent, ""); a.status != http.StatusBadRequest {
		t.Errorf("another total: got %d %s, want 400", a.status, a.body)
	}
	if keys := server.operator(t).keys(t); slices.Contains(keys, m.grant.Key) {
		t.Error("the object is there before it was completed rightly")
	}
	if a := m.complete(t, sent, crc64NVME(file)); a.status != http.StatusOK || s3Code(a) != "" {
		t.Fatalf("completing: got %d %s", a.status, a.body)
	}
	demo.await(t, m.grant.ID, "ready")
}

// TestBadParts sends parts that are not those that were signed, and one twice.
func TestBadParts(t *testing.T) {
	requireLocal(t)
	file := text(17)
	m := demo.begin(t, "short.txt", int64(len(file)))
	asked := api.PartsRequest{UploadID: m.uploadID, Size: m.size, Parts: []api.PartRequest{{Number: 1, Checksum: new(crc64NVME(file))}}}
	summed := decoded[api.PartsGrant](t, demo.postJSON(t, "uploads/"+m.grant.ID+"/parts", asked)).Parts[0]
	if a := put(t, summed, []byte(strings.ToUpper(string(file)))); a.status != http.StatusBadRequest || s3Code(a) != "BadDigest" {
		t.Errorf("a flipped bit: got %d %s, want BadDigest", a.status, a.body)
	}
	for _, content := range [][]byte{nil, file[1:], append(text(17), 'x')} {
		if a := put(t, m.parts(t, 1)[0], content); a.status != http.StatusForbidden {
			t.Errorf("%d bytes instead of %d: got %d %s, want 403", len(content), len(file), a.status, a.body)
		}
	}
	for _, id := range []string{"0190c1e2-7a4b-4c7e-9f60-1b2c3d4e5f60", "..", ".", "unknown"} {
		foreign := m
		foreign.uploadID = id
		if a := put(t, foreign.parts(t, 1)[0], file); a.status != http.StatusNotFound || s3Code(a) != "NoSuchUpload" {
			t.Errorf("part of upload %s: got %d %s, want NoSuchUpload", id, a.status, a.body)
		}
		if a := foreign.list(t, 0); a.status != http.StatusNotFound || s3Code(a) != "NoSuchUpload" {
			t.Errorf("list of upload %s: got %d %s, want NoSuchUpload", id, a.status, a.body)
		}
		if a := foreign.complete(t, []sentPart{{Number: 1, ETag: `"d41d8cd98f00b204e9800998ecf8427e"`, Checksum: crc64NVME(file)}}, ""); a.status != http.StatusNotFound || s3Code(a) != "NoSuchUpload" {
			t.Errorf("completion of upload %s: got %d %s, want NoSuchUpload", id, a.status, a.body)
		}
	}
	// Another's upload id, of the same file: the key follows from the caller and the id.
	other := addUser(t, "bad-parts@example.com").begin(t, "short.txt", m.size)
	stolen := m
	stolen.uploadID = other.uploadID
	if a := put(t, stolen.parts(t, 1)[0], file); a.status != http.StatusNotFound {
		t.Errorf("another's upload id: got %d %s, want 404", a.status, a.body)
	}
	deletes(t, demo, m.grant)
	if a := put(t, summed, file); a.status != http.StatusNotFound {
		t.Errorf("a part after the deletion: got %d %s, want 404", a.status, a.body)
	}
}

// TestAnotherSizeIsFoundOnArrival asks for signatures of another size than the plan's, which S3 alone cannot know.
func TestAnotherSizeIsFoundOnArrival(t *testing.T) {
	m := demo.begin(t, "short.txt", 17)
	m.size = 18
	file := text(18)
	if a := m.complete(t, m.sendAll(t, file), crc64NVME(file)); a.status != http.StatusOK || s3Code(a) != "" {
		t.Fatalf("completing: got %d %s", a.status, a.body)
	}
	if got := demo.await(t, m.grant.ID, "rejected"); got.Reason != "size_mismatch" {
		t.Errorf("got %+v, want size_mismatch", got)
	}
}

// TestOneOfTwoMultipartsWins begins two multipart uploads of one key. The second completion is refused.
func TestOneOfTwoMultipartsWins(t *testing.T) {
	requireLocal(t)
	first := demo.begin(t, "short.txt", 17)
	second := first
	var created struct {
		UploadID string `xml:"UploadId"`
	}
	if err := xml.Unmarshal(first.grant.create(t).body, &created); err != nil || created.UploadID == "" {
		t.Fatalf("creating again: %v", err)
	}
	second.uploadID = created.UploadID
	got := demo.show(t, first.grant.ID)
	var ids []string
	for _, open := range got.Multiparts {
		ids = append(ids, open.UploadID)
	}
	slices.Sort(ids)
	want := []string{first.uploadID, second.uploadID}
	slices.Sort(want)
	if diff := cmp.Diff(ids, want); diff != "" || got.Status != "waiting" {
		t.Errorf("open, %s (-got +want):\n%s", got.Status, diff)
	}
	parts := first.sendAll(t, text(17))
	if got := demo.show(t, first.grant.ID); !slices.ContainsFunc(got.Multiparts, func(o api.OpenMultipart) bool { return o.UploadID == first.uploadID && o.PartSize == 17 }) {
		t.Errorf("open: got %+v, want the first with its part", got.Multiparts)
	}
	others := second.sendAll(t, []byte(strings.ToUpper(string(text(17)))))
	if a := first.complete(t, parts, ""); a.status != http.StatusOK {
		t.Fatalf("first: got %d %s", a.status, a.body)
	}
	if a := second.complete(t, others, ""); a.status != http.StatusPreconditionFailed {
		t.Errorf("second: got %d %s, want 412", a.status, a.body)
	}
	demo.await(t, first.grant.ID, "ready")
	if file, _ := demo.download(t, first.grant.ID); string(file) != string(text(17)) {
		t.Errorf("downloaded %q", file)
	}
	// A deletion ends the one that is left, too.
	deletes(t, demo, first.grant)
	if a := second.complete(t, others, ""); a.status != http.StatusNotFound {
		t.Errorf("after the deletion: got %d %s, want 404", a.status, a.body)
	}
}
