package upload_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/upload"
)

// withFiles is limits under which another file may be kept.
func withFiles(limits upload.Limits) upload.Limits {
	limits.FileQuota, limits.RemainingFiles = 1, 1
	return limits
}

func TestSinglePut(t *testing.T) {
	for _, test := range []struct {
		name   string
		limits upload.Limits
		want   int64
	}{
		{"S3", upload.Limits{Folder: 1 << 40, User: 1 << 40, Quota: 1 << 40, Remaining: 1 << 40}, 5_368_709_120},
		{"folder", upload.Limits{Folder: 1, User: 2, Quota: 3, Remaining: 3}, 1},
		{"user", upload.Limits{Folder: 2, User: 1, Quota: 3, Remaining: 3}, 1},
		{"quota", upload.Limits{Folder: 3, User: 2, Quota: 1, Remaining: 1}, 1},
		{"what is left of the quota", upload.Limits{Folder: 3, User: 2, Quota: 3, Remaining: 1}, 1},
		{"what texts leave of the quota", upload.Limits{Folder: 9, User: 8, Quota: 8, Remaining: 7, Text: 5}, 2},
		{"texts that take nothing of the user's", upload.Limits{Folder: 9, User: 2, Quota: 8, Remaining: 7, Text: 5}, 2},
	} {
		if got, err := withFiles(test.limits).SinglePut(); err != nil || got != test.want {
			t.Errorf("%s: SinglePut = %d, %v, want %d", test.name, got, err, test.want)
		}
	}
}

func TestSinglePutRefusesNothing(t *testing.T) {
	for limits, want := range map[upload.Limits]string{
		{Folder: 1, User: 1, Quota: 0, Remaining: 0}:          "nothing may be uploaded: the quota is 0 bytes",
		{Folder: 1, User: 0, Quota: 1, Remaining: 1}:          "nothing may be uploaded: the largest upload is 0 bytes",
		{Folder: 0, User: 1, Quota: 1, Remaining: 1}:          "nothing may be uploaded: the largest object of the folder is 0 bytes",
		{Folder: 1, User: -1, Quota: 1, Remaining: 1}:         "nothing may be uploaded: the largest upload is -1 bytes",
		{Folder: 1, User: 1, Quota: 100}:                      "nothing may be uploaded: the quota of 100 bytes is used up, or was a minute ago",
		{Folder: 1, User: 0, Quota: 100}:                      "nothing may be uploaded: the quota of 100 bytes is used up, or was a minute ago",
		{Folder: 1, User: 1, Quota: 5, Remaining: 4, Text: 4}: "nothing may be uploaded: filename and title take 4 bytes, and 4 are left of the quota",
		{}: "nothing may be uploaded: the quota is 0 bytes",
	} {
		largest, err := withFiles(limits).SinglePut()
		var got *upload.Error
		if !errors.As(err, &got) || got.Code != api.Forbidden || got.Message != want {
			t.Errorf("%+v: SinglePut = %d, %v, want %s", limits, largest, err, want)
		}
	}
}

func TestCheckSize(t *testing.T) {
	const huge = 1 << 62
	for _, test := range []struct {
		name   string
		limits upload.Limits
		size   int64
		want   *upload.Error
	}{
		{"one byte", upload.Limits{Folder: 1, User: 1, Quota: 1, Remaining: 1}, 1, nil},
		{"all limits alike", upload.Limits{Folder: 7, User: 7, Quota: 7, Remaining: 7}, 7, nil},
		{"at the largest of S3", upload.Limits{Folder: huge, User: huge, Quota: huge, Remaining: huge}, 53_687_091_200_000, nil},
		{"zero", upload.Limits{Folder: 7, User: 7, Quota: 7, Remaining: 7}, 0, &upload.Error{Code: api.InvalidRequest, Message: "size is 0 bytes: must be at least 1"}},
		{"negative", upload.Limits{Folder: 7, User: 7, Quota: 7, Remaining: 7}, -1, &upload.Error{Code: api.InvalidRequest, Message: "size is -1 bytes: must be at least 1"}},
		{"over the quota", upload.Limits{Folder: 8, User: 8, Quota: 7, Remaining: 7}, 8, &upload.Error{Code: api.PayloadTooLarge, Message: "size is 8 bytes: must be 1 to 7, the quota", Quota: true}},
		{"at what is left", upload.Limits{Folder: 8, User: 8, Quota: 8, Remaining: 4}, 4, nil},
		{"over what is left", upload.Limits{Folder: 8, User: 8, Quota: 8, Remaining: 4}, 10, &upload.Error{Code: api.PayloadTooLarge, Message: "size is 10 bytes: must be 1 to 4, what is left of the quota", Quota: true}},
		{"nothing left", upload.Limits{Folder: 8, User: 8, Quota: 8}, 1, &upload.Error{Code: api.Forbidden, Message: "nothing may be uploaded: the quota of 8 bytes is used up, or was a minute ago", Quota: true}},
		{"over what texts leave", upload.Limits{Folder: 8, User: 8, Quota: 8, Remaining: 6, Text: 4}, 3, &upload.Error{Code: api.PayloadTooLarge, Message: "size is 3 bytes: must be 1 to 2, what is left of the quota less the 4 bytes of filename and title", Quota: true}},
		{"over the user's", upload.Limits{Folder: 8, User: 7, Quota: 8, Remaining: 8}, 8, &upload.Error{Code: api.PayloadTooLarge, Message: "size is 8 bytes: must be 1 to 7, the largest upload"}},
		{"over the folder's", upload.Limits{Folder: 7, User: 8, Quota: 8, Remaining: 8}, 8, &upload.Error{Code: api.PayloadTooLarge, Message: "size is 8 bytes: must be 1 to 7, the largest object of the folder"}},
		{"over S3's", upload.Limits{Folder: huge, User: huge, Quota: huge, Remaining: huge}, 53_687_091_200_001, &upload.Error{Code: api.PayloadTooLarge, Message: "size is 53687091200001 bytes: must be 1 to 53687091200000, the largest object of S3"}},
		{"nothing allowed", upload.Limits{Folder: 7, User: 7, Quota: 0, Remaining: 0}, 1, &upload.Error{Code: api.Forbidden, Message: "nothing may be uploaded: the quota is 0 bytes", Quota: true}},
	} {
		err := withFiles(test.limits).CheckSize(test.size)
		var got *upload.Error
		errors.As(err, &got)
		if diff := cmp.Diff(got, test.want); diff != "" || (err == nil) != (test.want == nil) {
			t.Errorf("%s: %v (-got +want)\n%s", test.name, err, diff)
		}
	}
}

// At a quota of files that is used up, not even an empty file may be uploaded.
func TestLimitsOfFiles(t *testing.T) {
	for _, test := range []struct {
		quota, remaining int64
		want             string
	}{
		{0, 0, "nothing may be uploaded: the quota is 0 files"},
		{3, 0, "nothing may be uploaded: the quota of 3 files is used up, or was a minute ago"},
		{3, 1, ""},
	} {
		limits := upload.Limits{Folder: 9, User: 9, Quota: 9, Remaining: 9, FileQuota: test.quota, RemainingFiles: test.remaining}
		_, form := limits.SinglePut()
		for _, err := range []error{form, limits.CheckSize(1)} {
			var refusal *upload.Error
			switch errors.As(err, &refusal) {
			case test.want == "":
				t.Errorf("%+v: %v", limits, err)
			case true:
				if refusal.Code != api.Forbidden || refusal.Message != test.want {
					t.Errorf("%+v: %s %s, want %s", limits, refusal.Code, refusal.Message, test.want)
				}
			}
		}
	}
}
