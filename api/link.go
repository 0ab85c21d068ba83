package api

// Limits of links for guests.
const (
	MaxLinkFrom    = 100    // characters that say who asks
	MaxLinkNote    = 500    // characters of a note
	MaxLinkFiles   = 10_000 // files of a link
	MaxLinkFormats = 50     // formats that a link names
	MaxLinkDays    = 366    // until a link ends
	MaxGuest       = 100    // characters of a guest's name

	// DefaultLinkDays is how long a link lives that does not say until when.
	DefaultLinkDays = 7
)

// LinkPrefix begins the token of every link for guests, so that programs which look for leaked secrets find it.
const LinkPrefix = "pstl_"

// LinkRequest is the body of POST /links: what somebody without an account may upload for the owner.
type LinkRequest struct {
	// From says to the guest who asks: 1 to 100 characters of UTF-8 without control characters. No mail is told unless it is
	// written here.
	From string `json:"from"`
	// Note says to the guest what is asked for: at most 500 characters of UTF-8 without control characters except line feeds and
	// tabs. Default: empty, no note.
	Note *string `json:"note,omitempty"`
	// Folders are the stage's folders that the link opens. Default: all that the caller may use.
	Folders *[]string `json:"folders,omitempty"`
	// Formats are the extensions that the link takes, without a dot. Default: all of the folders.
	Formats *[]string `json:"formats,omitempty"`
	// MaxSize is the largest file, in bytes, at most the caller's largest upload. Default: that.
	MaxSize *int64 `json:"maxSize,omitempty"`
	// Count is how many files may be uploaded in all. Default: 1.
	Count *int64 `json:"count,omitempty"`
	// Total is how many bytes all files together may have. Default: as many as count and maxSize allow.
	Total *int64 `json:"total,omitempty"`
	// Until is when the link ends, as in "2026-03-14T15:09:26Z" (RFC 3339): at most 366 days from now, and no later than the
	// credentials that make the link. Default: in 7 days.
	Until *string `json:"until,omitempty"`
}

// Link is a link for guests. Nothing is stored of it: this answer alone has it.
type Link struct {
	// ID names the link. It revokes the link, and uploads by it have it.
	ID string `json:"id"`
	// From says to the guest who asks.
	From string `json:"from"`
	// Note says to the guest what is asked for.
	Note string `json:"note,omitempty"`
	// Folders are the folders that the link opens. All, if there are none.
	Folders []string `json:"folders,omitempty"`
	// Formats are the extensions that the link takes. All of the folders, if there are none.
	Formats []string `json:"formats,omitempty"`
	// MaxSize is the largest file, in bytes.
	MaxSize int64 `json:"maxSize"`
	// Count is how many files may be uploaded in all.
	Count int64 `json:"count"`
	// Total is how many bytes all files together may have. Left out, only count and maxSize bound them.
	Total int64 `json:"total,omitempty"`
	// CreatedAt is when the link was made.
	CreatedAt Time `json:"createdAt"`
	// Until is when the link ends.
	Until Time `json:"until"`
	// Token is the link itself. The page takes it behind "#link=" in its address; the API takes it in the header Authorization
	// after "Bearer ". Who has it can use the link.
	Token string `json:"token"`
}

// GuestLink is the answer of GET /link: what the link allows that the caller holds.
type GuestLink struct {
	// From says who asks, in the words of who made the link.
	From string `json:"from"`
	// Note says what is asked for, in the same words.
	Note string `json:"note,omitempty"`
	// Formats are the extensions that are taken, without a dot.
	Formats []string `json:"formats"`
	// MaxSize is the largest file, in bytes. A folder may allow less.
	MaxSize int64 `json:"maxSize"`
	// Count is how many files may be uploaded in all.
	Count int64 `json:"count"`
	// Left is how many of them were left at most a minute ago.
	Left int64 `json:"left"`
	// Total is how many bytes all files together may have. Left out, only count and maxSize bound them.
	Total int64 `json:"total,omitempty"`
	// Until is when the link ends.
	Until Time `json:"until"`
}
