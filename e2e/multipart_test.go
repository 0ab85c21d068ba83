package e2e_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"hash/crc64"
	"net/http"
	"slices"
	"strings"
	"testing"

	"postern/api"
)

const mib = 1 << 20

// An openUpload is a multipart upload that S3 has begun.
type openUpload struct {
	client   client
	grant    grant
	uploadID string
	size     int64
	partSize int64
}

// begin begins a multipart upload of size bytes in parts of 5 MiB.
func (c client) begin(t *testing.T, filename string, size int64) openUpload {
	t.Helper()
	return c.beginGranted(t, c.grant(t, map[string]any{"filename": filename, "size": size, "via": "multipart", "partSize": 5 * mib}), size)
}

// beginGranted begins the multipart upload of a grant.
func (c client) beginGranted(t *testing.T, g grant, size int64) openUpload {
	t.Helper()
	a := g.create(t)
	var created struct {
		UploadID string `xml:"UploadId"`
	}
	if err := xml.Unmarshal(a.body, &created); err != nil || a.status != http.StatusOK {
		t.Fatalf("creating: got %d %s, %v", a.status, a.body, err)
	}
	return openUpload{c, g, created.UploadID, size, g.PartSize}
}

// create sends the request of a grant that begins a multipart upload.
func (g grant) create(t *testing.T, edit ...func(*http.Request)) answer {
	t.Helper()
	return signed(t, g.Create.Method, g.Create.URL, g.Create.Headers, nil, edit...)
}

// signed sends a signed request.
func signed(t *testing.T, method, url string, headers map[string]string, body []byte, edit ...func(*http.Request)) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	for _, edit := range edit {
		edit(request)
	}
	return send(t, request)
}

// s3Code returns the code of an error of S3, or nothing. An answer of 200 can hold one too.
func s3Code(a answer) string {
	var fault struct {
		XMLName xml.Name
		Code    string
	}
	_ = xml.Unmarshal(a.body, &fault)
	return fault.Code
}

// parts signs parts.
func (m openUpload) parts(t *testing.T, numbers ...int64) []api.SignedPart {
	t.Helper()
	asked := api.PartsRequest{UploadID: m.uploadID, Size: m.size, PartSize: &m.partSize}
	for _, number := range numbers {
		asked.Parts = append(asked.Parts, api.PartRequest{Number: number})
	}
	a := m.client.postJSON(t, "uploads/"+m.grant.ID+"/parts", asked)
	if a.status != http.StatusOK {
		t.Fatalf("signing parts: got %d %s", a.status, a.body)
	}
	return decoded[api.PartsGrant](t, a).Parts
}

// put sends the content of a part.
func put(t *testing.T, part api.SignedPart, content []byte) answer {
	t.Helper()
	return signed(t, http.MethodPut, part.URL, part.Headers, content)
}

// list lists the parts after one.
func (m openUpload) list(t *testing.T, after int64) answer {
	t.Helper()
	a := m.client.postJSON(t, "uploads/"+m.grant.ID+"/parts/list", api.PartsListRequest{UploadID: m.uploadID, After: &after})
	if a.status != http.StatusOK {
		t.Fatalf("signing a list: got %d %s", a.status, a.body)
	}
	return signed(t, http.MethodGet, decoded[api.PartsListGrant](t, a).URL, nil, nil)
}

// completion signs the completion. An empty checksum is left out.
func (m openUpload) completion(t *testing.T, checksum string) api.CompleteGrant {
	t.Helper()
	asked := api.CompleteRequest{UploadID: m.uploadID, Size: m.size}
	if checksum != "" {
		asked.Checksum = &checksum
	}
	a := m.client.postJSON(t, "uploads/"+m.grant.ID+"/complete", asked)
	if a.status != http.StatusOK {
		t.Fatalf("signing a completion: got %d %s", a.status, a.body)
	}
	return decoded[api.CompleteGrant](t, a)
}

// A sentPart is one that S3 has, as the completion names it.
type sentPart struct {
	XMLName  xml.Name `xml:"Part"`
	Number   int64    `xml:"PartNumber"`
	ETag     string
	Checksum string `xml:"ChecksumCRC64NVME,omitempty"`
}

// completionBody returns the body of a completion.
func completionBody(t *testing.T, parts []sentPart) []byte {
	t.Helper()
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"CompleteMultipartUpload"`
		Parts   []sentPart
	}{Parts: parts})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// crc64NVME returns a checksum as S3 writes it.
func crc64NVME(content []byte) string {
	sum := crc64.Checksum(content, crc64.MakeTable(0x9a6c9329ac4bc9b5))
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, sum))
}

// sendAll sends every part of a file, and returns what S3 has then.
func (m openUpload) sendAll(t *testing.T, file []byte) []sentPart {
	t.Helper()
	var numbers []int64
	for n := int64(1); (n-1)*m.partSize < int64(len(file)); n++ {
		numbers = append(numbers, n)
	}
	var sent []sentPart
	for i, content := range slices.Collect(slices.Chunk(file, int(m.partSize))) {
		part := m.parts(t, numbers[i])[0]
		a := put(t, part, content)
		sum := a.header.Get("X-Amz-Checksum-Crc64nvme")
		if a.status != http.StatusOK || sum != crc64NVME(content) {
			t.Fatalf("part %d: got %d %s, checksum %s, want %s", part.Number, a.status, a.body, sum, crc64NVME(content))
		}
		sent = append(sent, sentPart{Number: part.Number, ETag: a.header.Get("ETag"), Checksum: sum})
	}
	return sent
}

// complete completes the upload.
func (m openUpload) complete(t *testing.T, parts []sentPart, checksum string) answer {
	t.Helper()
	g := m.completion(t, checksum)
	return signed(t, http.MethodPost, g.URL, g.Headers, completionBody(t, parts))
}

// text returns size bytes of text.
func text(size int) []byte {
	return []byte(strings.Repeat("0123456789abcde\n", size/16+1))[:size]
}

// TestMultipartUpload sends a file in parts, as any client would.
func TestMultipartUpload(t *testing.T) {
	requireLocal(t)
	file := text(2*5*mib + 17)
	m := demo.begin(t, "long.txt", int64(len(file)))
	sent := m.sendAll(t, file)
	var listed struct {
		Part []struct {
			PartNumber        int64
			ETag              string
			Size              int64
			ChecksumCRC64NVME string
		}
	}
	if a := m.list(t, 1); xml.Unmarshal(a.body, &listed) != nil || len(listed.Part) != 2 || listed.Part[1].Size != 17 ||
		listed.Part[1].ETag != sent[2].ETag || listed.Part[1].ChecksumCRC64NVME != sent[2].Checksum {
		t.Errorf("parts after the first: got %d %s", a.status, a.body)
	}
	if a := m.complete(t, sent, crc64NVME(file)); a.status != http.StatusOK || s3Code(a) != "" {
		t.Fatalf("completing: got %d %s", a.status, a.body)
	}
	if got := demo.await(t, m.grant.ID, "ready"); got.Size != int64(len(file)) || got.ChecksumAlgorithm != api.CRC64NVME || got.Checksum != crc64NVME(file) {
		t.Errorf("got %+v, want %d bytes with CRC64NVME %s", got, len(file), crc64NVME(file))
	}
	if got, _ := demo.download(t, m.grant.ID); !bytes.Equal(got, file) {
		t.Errorf("downloaded %d bytes, want the %d that were sent", len(got), len(file))
	}
	if a := m.complete(t, sent, ""); a.status != http.StatusNotFound && a.status != http.StatusPreconditionFailed {
		t.Errorf("completing again: got %d %s, want 404 or 412", a.status, a.body)
	}
	if versions := server.operator(t).versions(t, m.grant.Key); len(versions) != 1 {
		t.Errorf("versions %v, want one", versions)
	}
}
