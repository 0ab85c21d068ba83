package upload

import (
	"io"
	"time"

	"postern/api"
)

// A Status is how far an upload has come.
type Status string

// The statuses that a record has. An upload without a record is waiting, and so clients are told of an accepted one.
const (
	Accepted Status = "accepted" // recorded and counted; its version is not tagged yet
	Ready    Status = "ready"    // can be downloaded
	Rejected Status = "rejected" // cannot, for a Reason
	Deleted  Status = "deleted"  // a tombstone: bytes that arrive late are removed
)

// A Reason says why an upload is rejected. Empty is: it is not.
type Reason string

// The reasons. They are api.Reasons.
const (
	TypeMismatch Reason = "type_mismatch" // the content is not what the extension and the content type say
	SizeMismatch Reason = "size_mismatch" // it has another size than the one that was signed
	OverQuota    Reason = "over_quota"    // it did not fit into the quota; its bytes are removed at once
	Unsigned     Reason = "unsigned"      // its metadata holds no quota, so no signature of Postern's stored it
)

// A Record is what is kept of an upload from its acceptance on.
type Record struct {
	Owner, ID string
	// Key is the object's key. A record is used by it, whatever became of the format table.
	Key string
	// VersionID pins the version that was accepted, the first. Empty for a tombstone of an upload that had no record.
	VersionID string

	Status Status
	Reason Reason

	Size     int64 // bytes
	Type     string
	ETag     string // as S3 gives it, with its quotes
	Checksum string // SHA-256 in base64; empty: none was declared

	Filename, Title, Description string
	Labels                       []string

	// Counted is how many bytes of the owner's usage are this upload's: Size, or 0 when it is over quota or deleted.
	Counted int64
	// Version is 1 for a new record and grows by 1 with each change that a client can see.
	Version int64
	// Announced is whether the event of the present status is sent.
	Announced bool
	// Expires is when a tombstone may be forgotten. Zero otherwise.
	Expires time.Time
}

// Verdict is what an accepted upload becomes: Rejected if there is a reason, otherwise Ready.
func (r Record) Verdict() Status {
	if r.Reason != "" {
		return Rejected
	}
	return Ready
}

// Shown is the status that clients are told, one of api.Statuses. An empty one is that of an upload without a
// record. A tombstone is not shown.
func (r Record) Shown() string {
	if r.Status == "" || r.Status == Accepted {
		return api.StatusWaiting
	}
	return string(r.Status)
}

// TombstoneLifetime is how long a tombstone is kept: longer than a multipart upload may stay open (7 days at most), and
// then the message of its completion may wait in a dead-letter queue (14 days). Bytes that found no tombstone would be a
// new upload.
const TombstoneLifetime = 22 * 24 * time.Hour

// A Version is one version of an object, as a list of versions has it.
type Version struct {
	ID       string
	Size     int64 // bytes
	Modified time.Time
	// Marker is whether it is a delete marker, which has no bytes.
	Marker bool
}

// An Object is one version of an object, as its head has it.
type Object struct {
	Size     int64 // bytes
	Type     string
	Encoding string // Content-Encoding, empty if there is none
	ETag     string // with its quotes
	Checksum string // SHA-256 in base64; empty: there is none
	// Metadata are the user's metadata, by the names that S3 has after x-amz-meta-, in lower case.
	Metadata map[string]string
	// Content reads the object's bytes, a range at a time and 64 KiB in all at most; more is an error that is
	// ErrBudget.
	Content io.ReaderAt
}

// An Event is an event for others about an upload whose status has changed. It holds nothing that a client wrote.
type Event struct {
	// ID tells one announcement from another, and is the same when it is sent again.
	ID string
	Record
}
