package client_test

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/minio/crc64nvme"

	"postern/api"
	"postern/client"
)

// testPart is the size of a part in these tests: S3's least, 5 MiB, would only take longer.
const testPart = 64 << 10

// A stage is an API that signs, and a bucket that answers as S3 does: with its XML, checksums and error codes.
type stage struct {
	t      *testing.T
	url    string
	client *client.Client
	// before answers a step instead of the stage where it returns true. after runs once a step has taken effect, and before
	// it is answered. Steps are called grant, parts, list, complete and get; s3-create, s3-part N, s3-list, s3-complete, s3-put.
	before, after func(step string, w http.ResponseWriter, r *http.Request) bool

	mutex      sync.Mutex
	steps      []string
	multiparts map[string]map[int64][]byte // by uploadId
	objects    map[string][]byte           // by id
	generation int                         // of the signatures; older ones have expired
	altered    string                      // checksum to answer for the next part instead of its own
}

func startStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, multiparts: map[string]map[int64][]byte{}, objects: map[string][]byte{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	var err error
	if s.client, err = client.New(server.URL+"/api", client.Basic("ann@example.com", password)); err != nil {
		t.Fatal(err)
	}
	client.RecordPauses(t)
	return s
}

func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	step := s.step(r)
	s.mutex.Lock()
	s.steps = append(s.steps, step)
	after := s.after
	s.mutex.Unlock()
	if s.before != nil && s.before(step, w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has broken it off
	}
	recorded := httptest.NewRecorder()
	s.mutex.Lock()
	if strings.HasPrefix(step, "s3-") {
		s.serveS3(recorded, r, body)
	} else {
		s.serveAPI(recorded, step, r, body)
	}
	s.mutex.Unlock()
	if after != nil && after(step, w, r) {
		return
	}
	for name, values := range recorded.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(recorded.Code)
	_, _ = w.Write(recorded.Body.Bytes())
}

func (s *stage) step(r *http.Request) string {
	query := r.URL.Query()
	switch rest := strings.TrimPrefix(r.URL.Path, "/api/uploads"); {
	case strings.HasPrefix(r.URL.Path, "/bucket/") && query.Has("uploads"):
		return "s3-create"
	case query.Has("partNumber"):
		return "s3-part " + query.Get("partNumber")
	case strings.HasPrefix(r.URL.Path, "/bucket/") && query.Has("uploadId"):
		return map[string]string{http.MethodGet: "s3-list", http.MethodPost: "s3-complete"}[r.Method]
	case strings.HasPrefix(r.URL.Path, "/bucket/"):
		return "s3-put"
	case rest == "":
		return "grant"
	case strings.HasSuffix(rest, "/list"):
		return "list"
	case strings.HasSuffix(rest, "/parts"):
		return "parts"
	case strings.HasSuffix(rest, "/complete"):
		return "complete"
	}
	return "get"
}

func (s *stage) sign(query string) string {
	return fmt.Sprintf("%s/bucket/%s?%s&X-Amz-Signature=%s&generation=%d", s.url, idA, query, signature, s.generation)
}

func (s *stage) serveAPI(w http.ResponseWriter, step string, _ *http.Request, body []byte) {
	var answer any
	switch step {
	case "grant":
		var request api.UploadRequest
		_ = json.Unmarshal(body, &request)
		grant := api.UploadGrant{ID: idA, Method: api.MethodPut, URL: s.sign("x=1"), Headers: map[string]string{"If-None-Match": "*"}}
		if request.Via != nil && *request.Via == api.ViaMultipart {
			grant = api.UploadGrant{
				ID: idA, Method: api.MethodMultipart, PartSize: testPart, PartCount: (request.Size + testPart - 1) / testPart,
				Create: &api.SignedRequest{Method: http.MethodPost, URL: s.sign("uploads="), Headers: map[string]string{"Content-Type": "video/mp4"}},
			}
		}
		answer = grant
	case "parts":
		var request api.PartsRequest
		_ = json.Unmarshal(body, &request)
		if len(request.Parts) > api.MaxPartsPerCall || request.PartSize == nil {
			s.t.Errorf("got %d parts, part size %v", len(request.Parts), request.PartSize)
		}
		grant := api.PartsGrant{}
		for _, p := range request.Parts {
			grant.Parts = append(grant.Parts, api.SignedPart{Number: p.Number, URL: s.sign(fmt.Sprintf("partNumber=%d&uploadId=%s", p.Number, request.UploadID))})
		}
		answer = grant
	case "list":
		var request api.PartsListRequest
		_ = json.Unmarshal(body, &request)
		answer = api.PartsListGrant{URL: s.sign(fmt.Sprintf("uploadId=%s&part-number-marker=%d", request.UploadID, *request.After))}
	case "complete":
		var request api.CompleteRequest
		_ = json.Unmarshal(body, &request)
		sum := ""
		if request.Checksum != nil {
			sum = *request.Checksum
		}
		answer = api.CompleteGrant{URL: s.sign("uploadId=" + request.UploadID), Headers: map[string]string{
			"If-None-Match": "*", "X-Amz-Mp-Object-Size": strconv.FormatInt(request.Size, 10), "X-Amz-Checksum-Crc64nvme": sum,
		}}
	default:
		found := api.Upload{ID: idA, Status: api.StatusWaiting, Type: "video/mp4", Size: int64(len(s.objects[idA]))}
		if object, ok := s.objects[idA]; ok {
			found.Status, found.Checksum, found.ChecksumAlgorithm = api.StatusReady, sumOf(object), api.CRC64NVME
		}
		for id := range s.multiparts {
			found.Multiparts = append(found.Multiparts, api.OpenMultipart{UploadID: id})
		}
		answer = found
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func sumOf(content []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc64nvme.Checksum(content)))
}

func etagOf(content []byte) string {
	sum := md5.Sum(content)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func refuseS3(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
}

func (s *stage) serveS3(w http.ResponseWriter, r *http.Request, body []byte) {
	query := r.URL.Query()
	if query.Get("generation") != strconv.Itoa(s.generation) {
		refuseS3(w, http.StatusForbidden, "AccessDenied", "Request has expired")
		return
	}
	parts, open := s.multiparts[query.Get("uploadId")]
	switch {
	case r.Header.Get("Authorization") != "":
		s.t.Error("S3 got the API's credentials")
	case query.Has("uploads"):
		id := fmt.Sprintf("multipart-%d", len(s.multiparts)+1)
		s.multiparts[id] = map[int64][]byte{}
		_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>
<InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>bucket</Bucket><Key>%s</Key><UploadId>%s</UploadId></InitiateMultipartUploadResult>`, idA, id)
	case !query.Has("uploadId"):
		s.storePut(w, body)
	case !open:
		refuseS3(w, http.StatusNotFound, "NoSuchUpload", "The specified upload does not exist.")
	case query.Has("partNumber"):
		number, _ := strconv.ParseInt(query.Get("partNumber"), 10, 64)
		parts[number] = body
		w.Header().Set("ETag", etagOf(body))
		w.Header().Set("x-amz-checksum-crc64nvme", sumOf(body))
		if s.altered != "" {
			w.Header().Set("x-amz-checksum-crc64nvme", s.altered)
			s.altered = ""
		}
	case r.Method == http.MethodGet:
		s.listParts(w, parts, query.Get("part-number-marker"))
	default:
		s.completeMultipart(w, r, query.Get("uploadId"), body)
	}
}

func (s *stage) storePut(w http.ResponseWriter, body []byte) {
	if _, ok := s.objects[idA]; ok {
		refuseS3(w, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
		return
	}
	s.objects[idA] = body
	w.Header().Set("x-amz-checksum-crc64nvme", sumOf(body))
}

// listParts answers pages of two parts.
func (s *stage) listParts(w http.ResponseWriter, parts map[int64][]byte, marker string) {
	after, _ := strconv.ParseInt(marker, 10, 64)
	numbers := []int64{}
	for number := range parts {
		if number > after {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	truncated := len(numbers) > 2
	numbers = numbers[:min(2, len(numbers))]
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>%t</IsTruncated>`, truncated)
	for _, number := range numbers {
		_, _ = fmt.Fprintf(w, "<Part><PartNumber>%d</PartNumber><LastModified>2026-11-01T10:00:00.000Z</LastModified><ETag>%s</ETag><Size>%d</Size><ChecksumCRC64NVME>%s</ChecksumCRC64NVME></Part>",
			number, strings.ReplaceAll(etagOf(parts[number]), `"`, "&#34;"), len(parts[number]), sumOf(parts[number]))
	}
	_, _ = io.WriteString(w, "</ListPartsResult>")
}

func (s *stage) completeMultipart(w http.ResponseWriter, r *http.Request, id string, body []byte) {
	var document struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUpload"`
		Parts   []struct {
			PartNumber              int64
			ETag, ChecksumCRC64NVME string
		} `xml:"Part"`
	}
	if err := xml.Unmarshal(body, &document); err != nil {
		refuseS3(w, http.StatusBadRequest, "MalformedXML", err.Error())
		return
	}
	if _, ok := s.objects[idA]; ok {
		refuseS3(w, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
		return
	}
	var object []byte
	for i, p := range document.Parts {
		content, ok := s.multiparts[id][p.PartNumber]
		if !ok || p.ETag != etagOf(content) || p.ChecksumCRC64NVME != sumOf(content) || p.PartNumber != int64(i+1) {
			refuseS3(w, http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found.")
			return
		}
		object = append(object, content...)
	}
	if r.Header.Get("X-Amz-Checksum-Crc64nvme") != sumOf(object) || r.Header.Get("X-Amz-Mp-Object-Size") != strconv.Itoa(len(object)) ||
		r.Header.Get("If-None-Match") != "*" {
		refuseS3(w, http.StatusBadRequest, "BadDigest", "The checksum did not match")
		return
	}
	s.objects[idA] = object
	delete(s.multiparts, id)
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>
<CompleteMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>bucket</Bucket><Key>%s</Key><ETag>"x-3"</ETag><ChecksumCRC64NVME>%s</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType></CompleteMultipartUploadResult>`, idA, sumOf(object))
}

// took returns the steps since the last call of it.
func (s *stage) took() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	steps := s.steps
	s.steps = nil
	return steps
}
