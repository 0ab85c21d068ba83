package main

import (
	"time"

	"postern/api"
)

// An example is a value of a schema.
type example struct {
	schema string
	value  any
}

// What several examples share.
const (
	exampleMail = "demo@example.com"

	exampleSubject = "auth0|5f7c8ec7c33c6c004bbafe82"
	exampleID      = "019a6b5f3c0070008d2f4b1c9e7a6530.mp4"
	exampleKey     = "videos/5f1d0c3b9a7e42680d1f/" + exampleID
	exampleURL     = "https://examplebucket.s3.eu-west-1.amazonaws.com"

	exampleCredential = "ASIAIOSFODNN7EXAMPLE/20260314/eu-west-1/s3/aws4_request"
	exampleSignature  = "b1d4a2f05b1c8e9d7f6a3c2e1d0f9b8a7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f"
	exampleChecksum   = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="
	exampleSealed     = "CzBVep_E6Q4zWH2ix-wRNluApcrvFDleg6jN8hc8YYar0PUaP2SJrtP4HUJnjLHW-yBFao-02f4jSG2St9w"
	exampleCursor     = "ATAxOWE2YjVmM2MwMDcwMDA4ZDJmNGIxYzllN2E2NTJmLnBkZg"
	exampleCRC        = "rosUhgp5mIg="
	exampleUploadID   = "ibZBv_75gd9r8lH_gqXatLdxMVpAlj6ySLtPZCWeTuX.o3Kb1Xe7.NbFvRkhx2lq4gcvmpvf0a1dKjcTX9yyQbQz0YqHJ3wGt5V8uN1rWcE-"
	exampleContext    = "order 1042"
	exampleKeyID      = "7qgk2d5x"
	exampleLinkID     = "abu4s3xvr2dopzhwikmbq5fzwxfvgbm7"
	exampleLink       = "pstl_Xx0MO5p-QmgNHwW3YvkBzq2lTn4d8sUyGhJkWcEaRfIoPbLxMvNtQwSzYuKi"
	exampleRequestID  = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
)

var (
	exampleExpires = api.Time{Time: time.Date(2026, time.March, 14, 15, 24, 26, 0, time.UTC)}

	exampleUpload = api.Upload{
		ID: exampleID, Status: api.StatusReady, Filename: "intro.mp4", Title: "Introduction",
		Description: "The first lesson.\nIt has no sound.", Labels: []string{"course", "2026"}, Context: exampleContext,
		Type: "video/mp4", Detected: "video/mp4", Size: 73400320, Checksum: exampleChecksum, ChecksumAlgorithm: api.SHA256,
		// The time in the id.
		CreatedAt: api.Time{Time: time.Date(2025, time.November, 10, 1, 26, 34, 752_000_000, time.UTC)}, Version: 3,
	}
	exampleRequest = api.UploadRequest{
		Filename: "intro.mp4", Size: 73400320, Type: new("video/mp4"), Title: new("Introduction"), Context: new(exampleContext),
		Checksum: new(exampleChecksum), Via: new(api.ViaPut), PartSize: new(int64(16 << 20)),
	}
	examplePut = api.UploadGrant{
		ID: exampleID, Key: exampleKey, Method: api.MethodPut, Expires: exampleExpires,
		URL: signedURL(""),
		Headers: map[string]string{
			"Content-Type":          "video/mp4",
			"If-None-Match":         "*",
			"X-Amz-Checksum-Sha256": exampleChecksum,
			"X-Amz-Meta-Postern":    exampleSealed,
			"X-Amz-Tagging":         "status=pending",
		},
	}
	exampleGrants = api.UploadGrants{Uploads: []api.UploadResult{{UploadGrant: &examplePut}, {Error: &exampleError}}}
	exampleError  = api.ErrorBody{
		Message:   `mail "demo" is not a mail address: must be name@domain in ASCII, at most 254 bytes (+ is written %2B)`,
		Code:      "invalid_request",
		RequestID: exampleRequestID,
	}
	exampleCreate = api.SignedRequest{Method: "POST", URL: signedURL("&uploads="), Headers: map[string]string{
		"Content-Type":             "video/mp4",
		"X-Amz-Checksum-Algorithm": "CRC64NVME",
		"X-Amz-Checksum-Type":      "FULL_OBJECT",
		"X-Amz-Meta-Postern":       exampleSealed,
		"X-Amz-Tagging":            "status=pending",
	}}
	examplePart = api.SignedPart{
		Number: 2, URL: signedURL("&partNumber=2&uploadId=" + exampleUploadID), Headers: map[string]string{"X-Amz-Checksum-Crc64nvme": exampleCRC},
	}
	exampleOpen = api.OpenMultipart{UploadID: exampleUploadID, CreatedAt: exampleUpload.CreatedAt, PartSize: 16 << 20}

	exampleScriptKey = api.ScriptKey{
		ID: exampleKeyID, Name: "nightly backup", May: []api.Right{api.RightUpload, api.RightRead}, Folders: []string{"videos"}, MaxSize: 5 << 30,
		CreatedAt: exampleUpload.CreatedAt, Expires: exampleExpires, LastUsed: &api.Time{Time: time.Date(2026, time.March, 14, 15, 0, 0, 0, time.UTC)},
	}

	exampleRejected = api.Upload{
		ID: "019a6b5f3c0070008d2f4b1c9e7a652f.pdf", Status: api.StatusRejected, Reason: "type_mismatch",
		Type: "application/pdf", Detected: "text/html", Size: 1048576, CreatedAt: exampleUpload.CreatedAt, Version: 2,
	}

	exampleFields = map[string]string{
		"content-type":         "video/mp4",
		"key":                  exampleKey,
		"policy":               "eyJleHBpcmF0aW9uIjoiMjAyNi0wMy0xNFQxNToyNDoyNloiLCJjb25kaXRpb25zIjpbXX0=",
		"tagging":              "<Tagging><TagSet><Tag><Key>status</Key><Value>pending</Value></Tag></TagSet></Tagging>",
		"x-amz-algorithm":      "AWS4-HMAC-SHA256",
		"x-amz-credential":     exampleCredential,
		"x-amz-date":           "20260314T150926Z",
		"x-amz-meta-postern":   exampleSealed,
		"x-amz-security-token": "IQoJb3JpZ2luX2VjEXAMPLE",
		"x-amz-signature":      exampleSignature,
	}
)

// examples holds one value of each schema.
var examples = []example{
	{"PresignedForm", api.PresignedForm{
		URL: exampleURL, Fields: exampleFields, ID: exampleID, Key: exampleKey, Expires: exampleExpires,
	}},
	{"UploadRequest", exampleRequest},
	{"UploadBatch", api.UploadBatch{Uploads: []api.UploadRequest{exampleRequest}}},
	{"UploadOrBatch", api.UploadOrBatch{UploadRequest: &exampleRequest}},
	{"UploadGrantPost", api.UploadGrant{
		ID: exampleID, Key: exampleKey, Method: api.MethodPost, Expires: exampleExpires,
		URL: exampleURL, Fields: exampleFields,
	}},
	{"UploadGrantPut", examplePut},
	{"UploadGrantMultipart", api.UploadGrant{
		ID: exampleID, Key: exampleKey, Method: api.MethodMultipart, Expires: exampleExpires,
		PartSize: 16 << 20, PartCount: 640, Create: &exampleCreate,
	}},
	{"UploadResult", api.UploadResult{UploadGrant: &examplePut}},
	{"UploadGrants", exampleGrants},
	{"GrantOrGrants", api.GrantOrGrants{UploadGrant: &examplePut}},
	{"SignedRequest", exampleCreate},
	{"PartsRequest", api.PartsRequest{
		UploadID: exampleUploadID, Size: 10 << 30, PartSize: new(int64(16 << 20)), Parts: []api.PartRequest{{Number: 1}, {Number: 2, Checksum: new(exampleCRC)}},
	}},
	{"PartRequest", api.PartRequest{Number: 2, Checksum: new(exampleCRC)}},
	{"PartsGrant", api.PartsGrant{Parts: []api.SignedPart{{Number: 1, URL: signedURL("&partNumber=1&uploadId=" + exampleUploadID)}, examplePart}, Expires: exampleExpires}},
	{"SignedPart", examplePart},
	{"PartsListRequest", api.PartsListRequest{UploadID: exampleUploadID, After: new(int64(1000))}},
	{"PartsListGrant", api.PartsListGrant{
		URL: signedURL("&max-parts=1000&part-number-marker=1000&uploadId=" + exampleUploadID), Expires: exampleExpires,
	}},
	{"CompleteRequest", api.CompleteRequest{UploadID: exampleUploadID, Size: 10 << 30, Checksum: new(exampleCRC)}},
	{"CompleteGrant", api.CompleteGrant{
		URL: signedURL("&uploadId=" + exampleUploadID), Expires: exampleExpires,
		Headers: map[string]string{"If-None-Match": "*", "X-Amz-Checksum-Crc64nvme": exampleCRC, "X-Amz-Mp-Object-Size": "10737418240"},
	}},
	{"OpenMultipart", exampleOpen},
	{"Upload", exampleUpload},
	{"UploadList", api.UploadList{Uploads: []api.Upload{exampleUpload, exampleRejected}, Cursor: exampleCursor}},
	{"UploadPatch", api.UploadPatch{
		Title: new("Introduction"), Description: new("The first lesson.\nIt has no sound."), Labels: &[]string{"course", "2026"},
	}},
	{"Download", api.Download{
		URL:     signedURL("&response-content-disposition=attachment&versionId=3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY"),
		Expires: exampleExpires,
	}},
	{"Usage", api.Usage{Used: 73400320, Quota: 10 << 30, Files: 42, FileQuota: 100_000, MaxSize: 5 << 30}},
	{"ScriptKeyRequest", api.ScriptKeyRequest{
		Name: "nightly backup", May: []api.Right{api.RightUpload, api.RightRead}, Folders: &[]string{"videos"}, MaxSize: new(int64(5 << 30)), Days: new(int64(90)),
	}},
	{"ScriptKey", exampleScriptKey},
	{"ScriptKeyList", api.ScriptKeyList{Keys: []api.ScriptKey{exampleScriptKey}}},
	{"LinkRequest", api.LinkRequest{
		From: "Ann of Example Ltd", Note: new("The footage of your interview, please."), Folders: &[]string{"videos"}, Formats: &[]string{"mov", "mp4"},
		MaxSize: new(int64(5 << 30)), Count: new(int64(3)), Total: new(int64(10 << 30)), Until: new("2026-03-14T15:24:26Z"),
	}},
	{"Link", api.Link{
		ID: exampleLinkID, From: "Ann of Example Ltd", Note: "The footage of your interview, please.", Folders: []string{"videos"},
		Formats: []string{"mov", "mp4"}, MaxSize: 5 << 30, Count: 3, Total: 10 << 30,
		CreatedAt: exampleUpload.CreatedAt, Until: exampleExpires, Token: exampleLink,
	}},
	{"GuestLink", api.GuestLink{
		From: "Ann of Example Ltd", Note: "The footage of your interview, please.", Formats: []string{"mov", "mp4"},
		MaxSize: 5 << 30, Count: 3, Left: 2, Total: 10 << 30, Until: exampleExpires,
	}},
	{"ErrorBody", exampleError},
	{"Health", api.Health{Status: "ok"}},
}

// signedURL returns the address of the example's object with a signature and more of a query.
func signedURL(more string) string {
	return exampleURL + "/" + exampleKey + "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=" + exampleSignature + more
}
