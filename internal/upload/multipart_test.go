package upload_test

import (
	"errors"
	"strings"
	"testing"

	"postern/api"
	"postern/internal/upload"
)

const (
	mib = int64(1 << 20)
	gib = int64(1 << 30)
	tib = int64(1 << 40)
)

func TestPlan(t *testing.T) {
	for _, test := range []struct{ object, size, count int64 }{
		{1, 16 * mib, 1},
		{5*mib - 1, 16 * mib, 1},
		{16 * mib, 16 * mib, 1},
		{16*mib + 1, 16 * mib, 2},
		{100 * mib, 16 * mib, 7},
		{5 * gib, 16 * mib, 320},
		{5*gib + 1, 16 * mib, 321},
		{16_000_000_000, 16 * mib, 954},
		{1000*16*mib + 1, 17 * mib, 942},
		{80 * gib, 64 * mib, 1280},
		{10_000 * 64 * mib, 64 * mib, 10_000},
		{10_000*64*mib + 1, 65 * mib, 9847},
		{tib, 105 * mib, 9987},
		{5 * tib, 525 * mib, 9987},
		{api.MaxObject, 5 * gib, 10_000},
	} {
		plan, err := upload.NewPlan(test.object, nil)
		if want := (upload.Plan{Size: test.object, PartSize: test.size, PartCount: test.count}); err != nil || plan != want {
			t.Errorf("%d: got %+v, %v, want %+v", test.object, plan, err, want)
		}
	}
	// What cannot be planned is refused before.
	limits := withFiles(upload.Limits{Folder: 1 << 62, User: 1 << 62, Quota: 1 << 62, Remaining: 1 << 62})
	for size, want := range map[int64]string{
		0:                 "size is 0 bytes: must be at least 1",
		api.MaxObject + 1: "size is 53687091200001 bytes: must be 1 to 53687091200000, the largest object of S3",
	} {
		asked := api.PartsRequest{UploadID: "a", Size: size, Parts: []api.PartRequest{{Number: 1}}}
		if _, err := upload.CheckParts(asked, limits); err == nil || err.Error() != want {
			t.Errorf("%d: got %v, want %s", size, err, want)
		}
	}
}

func TestPlanOfAnAskedSize(t *testing.T) {
	for _, test := range []struct {
		object, asked int64
		count         int64 // 0: refused
		says          string
	}{
		{1, 5 * mib, 1, ""},
		{10*mib + 1, 5 * mib, 3, ""},
		{5 * tib, 5 * gib, 1024, ""},
		{10_000 * 5 * mib, 5 * mib, 10_000, ""},
		{10_000*5*mib + 1, 5 * mib, 0, "partSize 5242880 makes 10001 parts of 52428800001 bytes: must be at least 5242881, for at most 10000 parts"},
		{10_000*5*mib + 1, 5*mib + 1, 10_000, ""},
		{1, 5*mib - 1, 0, "partSize is 5242879 bytes: must be 5242880 to 5368709120"},
		{1, 5*gib + 1, 0, "partSize is 5368709121 bytes: must be 5242880 to 5368709120"},
		{1, 0, 0, "partSize is 0 bytes"},
		{1, -1, 0, "partSize is -1 bytes"},
	} {
		plan, err := upload.NewPlan(test.object, &test.asked)
		if test.count == 0 {
			if refusal, ok := errors.AsType[*upload.Error](err); !ok || refusal.Code != api.InvalidRequest || !strings.Contains(refusal.Message, test.says) {
				t.Errorf("%d in %d: got %+v, %v, want a refusal: %s", test.object, test.asked, plan, err, test.says)
			}
			continue
		}
		if want := (upload.Plan{Size: test.object, PartSize: test.asked, PartCount: test.count}); err != nil || plan != want {
			t.Errorf("%d in %d: got %+v, %v, want %+v", test.object, test.asked, plan, err, want)
		}
	}
}

// Every plan is one that S3 takes, its parts make up the object, and 1,000 of them are enough up to 64 MB a part.
func TestPlansAreThoseOfS3(t *testing.T) {
	if api.MaxObject != 53_687_091_200_000 {
		t.Errorf("the largest object has %d bytes", api.MaxObject)
	}
	for object := int64(1); object <= api.MaxObject; object += object/7 + 1 {
		plan, err := upload.NewPlan(object, nil)
		size, count := plan.PartSize, plan.PartCount
		if err != nil || size < 5*mib || size > 5*gib || size%mib != 0 || count < 1 || count > 10_000 || count > 1000 && size < 64*mib {
			t.Fatalf("%d: got %+v, %v", object, plan, err)
		}
		last := plan.Length(count)
		if last < 1 || last > size || (count-1)*size+last != object || count > 1 && plan.Length(1) != size {
			t.Fatalf("%d: got %+v, the last part of %d bytes", object, plan, last)
		}
	}
}

func TestChecksOfParts(t *testing.T) {
	const sum = "rosUhgp5mIg="
	limits := withFiles(upload.Limits{Folder: 100 * mib, User: 90 * mib, Quota: 80 * mib, Remaining: 70 * mib})
	numbered := func(numbers ...int64) []api.PartRequest {
		parts := make([]api.PartRequest, len(numbers))
		for i, number := range numbers {
			parts[i].Number = number
		}
		return parts
	}
	many := make([]int64, 501)
	for i := range many {
		many[i] = int64(i + 1)
	}
	good := api.PartsRequest{UploadID: "0190c1e2-7a4b-4c7e-9f60-1b2c3d4e5f60", Size: 64*mib + 1, Parts: numbered(1, 5)}
	for _, test := range []struct {
		name   string
		change func(*api.PartsRequest)
		says   string // empty: accepted
	}{
		{"good", func(*api.PartsRequest) {}, ""},
		{"other order", func(r *api.PartsRequest) { r.Parts = numbered(5, 2, 1) }, ""},
		{"checksums", func(r *api.PartsRequest) { r.Parts[0].Checksum = new(sum) }, ""},
		{"another part size", func(r *api.PartsRequest) { r.PartSize, r.Parts = new(5*mib), numbered(13) }, ""},
		{"500 parts", func(r *api.PartsRequest) { r.Parts, r.Size, r.PartSize = numbered(many[:500]...), 70*mib, new(5*mib) }, "parts[14].number is 15: must be 1 to 14"},
		{"501 parts", func(r *api.PartsRequest) { r.Parts = numbered(many...) }, "parts are 501: must be 1 to 500"},
		{"no parts", func(r *api.PartsRequest) { r.Parts = nil }, "parts are 0: must be 1 to 500"},
		{"part 0", func(r *api.PartsRequest) { r.Parts = numbered(1, 0) }, "parts[1].number is 0: must be 1 to 5, as many as 67108865 bytes make of 16777216"},
		{"part -1", func(r *api.PartsRequest) { r.Parts = numbered(-1) }, "parts[0].number is -1"},
		{"part 10,001", func(r *api.PartsRequest) { r.Parts = numbered(10_001) }, "parts[0].number is 10001: must be 1 to 5"},
		{"beyond the plan", func(r *api.PartsRequest) { r.Parts = numbered(6) }, "parts[0].number is 6: must be 1 to 5"},
		{"beyond the asked plan", func(r *api.PartsRequest) { r.PartSize, r.Parts = new(5*mib), numbered(14) }, "must be 1 to 13"},
		{"doubled", func(r *api.PartsRequest) { r.Parts = numbered(1, 2, 1) }, "parts[2].number 1 is given before: must be given once"},
		{"checksum of SHA-256", func(r *api.PartsRequest) { r.Parts[1].Checksum = new("n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=") }, "parts[1].checksum"},
		{"checksum of CRC32", func(r *api.PartsRequest) { r.Parts[1].Checksum = new("DUoRhQ==") }, "must be its 8 bytes in base64, 12 characters"},
		{"checksum empty", func(r *api.PartsRequest) { r.Parts[1].Checksum = new("") }, `checksum "" is not a CRC64NVME`},
		{"checksum with spare bits", func(r *api.PartsRequest) { r.Parts[1].Checksum = new("rosUhgp5mIh=") }, "12 characters"},
		{"checksum with a newline", func(r *api.PartsRequest) { r.Parts[1].Checksum = new(sum + "\n") }, "12 characters"},
		{"size 0", func(r *api.PartsRequest) { r.Size = 0 }, "size is 0 bytes: must be at least 1"},
		{"over what is left", func(r *api.PartsRequest) { r.Size = 70*mib + 1 }, "must be 1 to 73400320, what is left of the quota"},
		{"part size too small", func(r *api.PartsRequest) { r.PartSize = new(5*mib - 1) }, "partSize is 5242879 bytes"},
		{"upload id empty", func(r *api.PartsRequest) { r.UploadID = "" }, "uploadId has 0 bytes: must have 1 to 256"},
		{"upload id of 256", func(r *api.PartsRequest) { r.UploadID = strings.Repeat("aZ9._~-x", 32) }, ""},
		{"upload id of 257", func(r *api.PartsRequest) { r.UploadID = strings.Repeat("a", 257) }, "uploadId has 257 bytes"},
		{"upload id of 4 KB", func(r *api.PartsRequest) { r.UploadID = strings.Repeat("a", 4096) }, "uploadId has 4096 bytes"},
		{"upload id with a slash", func(r *api.PartsRequest) { r.UploadID = "../a" }, `uploadId "../a" is not one of S3: must be letters, digits and . _ ~ -`},
		{"upload id with an ampersand", func(r *api.PartsRequest) { r.UploadID = "a&partNumber=2" }, "is not one of S3"},
		{"upload id with a percent", func(r *api.PartsRequest) { r.UploadID = "a%20" }, "is not one of S3"},
		{"upload id with a space", func(r *api.PartsRequest) { r.UploadID = "a b" }, "is not one of S3"},
		{"upload id with CR/LF", func(r *api.PartsRequest) { r.UploadID = "a\r\nx" }, "is not one of S3"},
		{"upload id beyond ASCII", func(r *api.PartsRequest) { r.UploadID = "é" }, "is not one of S3"},
	} {
		asked := good
		asked.Parts = append([]api.PartRequest(nil), good.Parts...)
		test.change(&asked)
		_, err := upload.CheckParts(asked, limits)
		checkRefusal(t, test.name, err, test.says)

		if strings.HasPrefix(test.name, "upload id") {
			checkRefusal(t, "list: "+test.name, upload.CheckPartsList(api.PartsListRequest{UploadID: asked.UploadID}), test.says)
			checkRefusal(t, "completion: "+test.name, upload.CheckCompletion(api.CompleteRequest{UploadID: asked.UploadID, Size: 1}, limits), test.says)
		}
		if sum := asked.Parts; len(sum) > 1 && sum[1].Checksum != nil {
			says := strings.TrimPrefix(test.says, "parts[1].")
			checkRefusal(t, "completion: "+test.name, upload.CheckCompletion(api.CompleteRequest{UploadID: "a", Size: 1, Checksum: sum[1].Checksum}, limits), says)
		}
	}
	for after, says := range map[int64]string{0: "", 1: "", 10_000: "", 10_001: "after is 10001: must be 0 to 10000", -1: "after is -1"} {
		checkRefusal(t, "after", upload.CheckPartsList(api.PartsListRequest{UploadID: "a", After: &after}), says)
	}
	checkRefusal(t, "completion", upload.CheckCompletion(api.CompleteRequest{UploadID: "a", Size: 80 * mib, Checksum: new(sum)}, limits), "")
	checkRefusal(t, "completion over the limit", upload.CheckCompletion(api.CompleteRequest{UploadID: "a", Size: 80*mib + 1}, limits), "must be 1 to 83886080, the quota")
}

// The upload that fills a quota is part of what is used once it has arrived. Its client may have lost the answer, and ask again.
func TestCompletionWithAFullQuota(t *testing.T) {
	full := upload.Limits{Folder: 100, User: 90, Quota: 80, FileQuota: 3}
	checkRefusal(t, "full", upload.CheckCompletion(api.CompleteRequest{UploadID: "a", Size: 80}, full), "")
	checkRefusal(t, "over the quota", upload.CheckCompletion(api.CompleteRequest{UploadID: "a", Size: 81}, full), "must be 1 to 80, the quota")
	checkRefusal(t, "parts", errOf(upload.CheckParts(api.PartsRequest{UploadID: "a", Size: 1, Parts: []api.PartRequest{{Number: 1}}}, full)), "is used up")
	full.FileQuota = 0
	checkRefusal(t, "no files", upload.CheckCompletion(api.CompleteRequest{UploadID: "a", Size: 1}, full), "the quota is 0 files")
	full.FileQuota, full.Quota = 3, 0
	checkRefusal(t, "no bytes", upload.CheckCompletion(api.CompleteRequest{UploadID: "a", Size: 1}, full), "the quota is 0 bytes")
}

func errOf(_ upload.Plan, err error) error { return err }

// checkRefusal wants an Error that says something, or none if says is empty.
func checkRefusal(t *testing.T, name string, err error, says string) {
	t.Helper()
	refusal, ok := errors.AsType[*upload.Error](err)
	if says == "" && err != nil || says != "" && (!ok || !strings.Contains(refusal.Message, says)) {
		t.Errorf("%s: got %v, want %q", name, err, says)
	}
}
