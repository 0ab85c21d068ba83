package upload

import (
	"io"
	"time"

	"postern/api"
)

// A Status is the state of an upload.
type Status string

// The statuses of a record. Clients are told that an upload is waiting when it has no record, or is Accepted.
const (
	Accepted Status = "accepted" // recorded and counted; its version is not tagged yet
	Ready    Status = "ready"    // may be downloaded
	Rejected Status = "rejected" // may not be downloaded, for a Reason
	Deleted  Status = "deleted"  // a tombstone: bytes that arrive late are removed
)

// A Reason says why an upload is rejected. If empty, it is not.
type Reason string

// The reasons. They are api.Reasons.
const (
	TypeMismatch  Reason = "type_mismatch"   // the content is not what the extension and the content type say
	UnsafeArchive Reason = "unsafe_archive"  // an archive that would do harm when it is unpacked
	TooManyPixels Reason = "too_many_pixels" // a picture that takes too much memory to be shown
	SizeMismatch  Reason = "size_mismatch"   // it has another size than the one that was signed
	OverQuota     Reason = "over_quota"      // it did not fit into the quota; its bytes are removed at once
	LinkUsedUp    Reason = "link_used_up"    // its link for guests had no room left; its bytes are removed at once
	LinkRevoked   Reason = "link_revoked"    // its link for guests was revoked before it arrived; its bytes are removed at once
	Unsigned      Reason = "unsigned"        // its id or its metadata is not Postern's, so Postern did not sign it
)

// A Finding is what an inspection finds of content.
type Finding struct {
	// Detected is the content type of the content: the format's own if the content can be that, otherwise a sibling's or
	// what it is instead. "application/octet-stream" is content of no known format, or damaged.
	Detected string
	// Reason says why the content is refused. Empty: it is accepted.
	Reason Reason
}

// A Record is what the uploads table keeps of an upload that was accepted, or deleted.
type Record struct {
	Owner, ID string
	// Key is the object's key. It stays the same when the format table changes.
	Key string
	// VersionID is the version that was accepted, the first. Empty for a tombstone of an upload that had no record.
	VersionID string

	Status Status
	Reason Reason

	Size     int64  // bytes
	Type     string // the format table's
	Detected string // content type that was found in the content; empty: nothing was looked for
	ETag     string // as S3 gives it, with its quotes
	Checksum string // of the whole object, in base64; empty: S3 has none
	// ChecksumAlgorithm is one of api.ChecksumAlgorithms. Empty beside a checksum is SHA256, in records of earlier versions.
	ChecksumAlgorithm string

	Filename, Title, Description string
	Labels                       []string
	// Context is what the application knows the upload by. A tombstone keeps it, for the event of the deletion.
	Context string
	// Guest is the name that a guest gave, and Link the id of its link. Both are empty if the upload came from the owner.
	Guest, Link string

	// Counted is how many bytes of the owner's usage this upload takes: Size and Text, or 0 when it is over quota or deleted.
	// A record of a time when texts did not count has its Size alone until it is patched.
	Counted int64
	// Files is how many files of the owner's usage this upload takes: 1, or 0 when it is over quota or deleted, or recorded
	// before files were counted.
	Files int64
	// Version is 1 for a new record and grows by 1 with each change that a client can see.
	Version int64
	// Published reports whether the event for Status has been published.
	Published bool
	// Expires is when a tombstone, or the record of an upload that IsRefused, may be removed. Zero for other records.
	Expires time.Time
}

// Text returns how many bytes of UTF-8 people have written of the upload: file name, title, description, labels and
// a guest's name.
func (r Record) Text() int64 {
	bytes := len(r.Filename) + len(r.Title) + len(r.Description) + len(r.Guest)
	for _, label := range r.Labels {
		bytes += len(label)
	}
	return int64(bytes)
}

// A Usage is how much an owner keeps, or may keep.
type Usage struct {
	Bytes int64 // of files, and of the texts in their records
	Files int64
}

// An Account is what is kept of an owner beside its records.
type Account struct {
	Usage
	Blocked bool // nothing that names the owner as the caller is answered
}

// IsRefused reports whether the upload had no place to stay: its bytes are removed at once, and nothing counts it.
func (r Record) IsRefused() bool {
	return r.Reason == OverQuota || r.Reason == LinkUsedUp || r.Reason == LinkRevoked
}

// Verdict returns the status that an accepted upload gets: Rejected if there is a reason, otherwise Ready.
func (r Record) Verdict() Status {
	if r.Reason != "" {
		return Rejected
	}
	return Ready
}

// Shown returns the status that clients are told, one of api.Statuses. An empty Status is that of an upload without a
// record. A tombstone is not shown.
func (r Record) Shown() string {
	if r.Status == "" || r.Status == Accepted {
		return api.StatusWaiting
	}
	return string(r.Status)
}

// View returns what the owner is told of an upload. A Version of 0 means that there is no record yet.
func (r Record) View() api.Upload {
	return api.Upload{
		ID:          r.ID,
		Status:      r.Shown(),
		Reason:      r.shownReason(),
		Filename:    r.Filename,
		Title:       r.Title,
		Description: r.Description,
		Labels:      r.Labels,
		Context:     r.Context,
		Type:        r.Type,
		Detected:    r.shownDetected(),
		Size:        r.Size,
		Checksum:    r.Checksum,

		ChecksumAlgorithm: r.shownAlgorithm(),
		CreatedAt:         api.Time{Time: GrantedAt(r.ID)},
		Version:           r.Version,
		Guest:             r.Guest,
		Link:              r.Link,
	}
}

// GuestView returns what the guest is told who sent the upload: nothing that the owner has written of it.
func (r Record) GuestView() api.Upload {
	return api.Upload{
		ID: r.ID, Status: r.Shown(), Reason: r.shownReason(), Filename: r.Filename, Type: r.Type, Size: r.Size,
		CreatedAt: api.Time{Time: GrantedAt(r.ID)}, Guest: r.Guest,
	}
}

func (r Record) shownAlgorithm() string {
	if r.Checksum != "" && r.ChecksumAlgorithm == "" {
		return api.SHA256
	}
	return r.ChecksumAlgorithm
}

// shownReason is empty until the upload is rejected. An accepted one has its reason before its status.
func (r Record) shownReason() string {
	if r.Status != Rejected {
		return ""
	}
	return string(r.Reason)
}

// shownDetected is empty until the upload has been inspected.
func (r Record) shownDetected() string {
	if r.Shown() == api.StatusWaiting {
		return ""
	}
	return r.Detected
}

// DownloadType returns the content type that a download has: the one that was found.
func (r Record) DownloadType() string {
	if r.Detected != "" {
		return r.Detected
	}
	return r.Type
}

// TombstoneLifetime is how long a tombstone is kept, and the record of an upload over quota, which nothing counts. A multipart
// upload may stay open for 7 days, and then the message of its completion may wait in a dead-letter queue for 14. Bytes that
// found no record would be a new upload.
const TombstoneLifetime = 22 * 24 * time.Hour

// A Version is one version of an object, or a delete marker, in a list of versions.
type Version struct {
	ID       string
	Size     int64 // bytes
	Modified time.Time
	Marker   bool // it is a delete marker, which has no bytes
}

// A KeyVersion names one version of an object, or a delete marker.
type KeyVersion struct{ Key, VersionID string }

// A Multipart is a multipart upload that is open.
type Multipart struct {
	ID       string // S3's
	Begun    time.Time
	PartSize int64 // of the first part, in bytes; 0: S3 does not have it
}

// An Object is the head of one version of an object.
type Object struct {
	Size     int64 // bytes
	Type     string
	Encoding string // Content-Encoding, empty if there is none
	ETag     string // with its quotes
	Checksum string // of the whole object, in base64; empty: there is none
	// ChecksumAlgorithm is one of api.ChecksumAlgorithms, empty without a checksum.
	ChecksumAlgorithm string
	// Metadata is the user's metadata, by the names after x-amz-meta-, in lower case.
	Metadata map[string]string
	// Content reads ranges of the object, 192 KiB in all at most. Beyond that it returns ErrBudget.
	Content io.ReaderAt
}

// An Event tells others that the status of an upload has changed. It holds nothing that a user wrote, only
// the context that a service gave, and the name that a guest gave.
type Event struct {
	// ID identifies the event. It is the same when the event is sent again.
	ID string
	Record
}
