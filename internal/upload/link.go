package upload

import "time"

// A Link is what a link for guests allows: the terms that its token seals.
type Link struct {
	ID      string   `json:"id"`
	Mail    string   `json:"mail,omitempty"` // of the owner's user, personal; empty: the user has none
	From    string   `json:"from,omitempty"`
	Note    string   `json:"note,omitempty"`
	Folders []string `json:"folders,omitempty"` // empty: all
	Formats []string `json:"formats,omitempty"` // extensions; empty: all of the folders
	MaxSize int64    `json:"size"`              // of a file, in bytes
	Count   int64    `json:"count"`             // files in all
	Total   int64    `json:"total,omitempty"`   // bytes in all; 0: Count and MaxSize bound them
	Made    int64    `json:"made"`              // milliseconds since 1970
}

// LinkLimits are what an object's metadata carries of the link by which it was signed.
type LinkLimits struct {
	ID    string `json:"id"`
	Count int64  `json:"count"`
	Total int64  `json:"total,omitempty"`
	Made  int64  `json:"made"`
}

// Limits returns what the inspection has to know of the link.
func (l Link) Limits() LinkLimits { return LinkLimits{l.ID, l.Count, l.Total, l.Made} }

// Until returns when the link ends, in UTC, in whole seconds.
func (l Link) Until() time.Time { return LinkEnd(l.ID) }

// A LinkState is what has become of a link, and of its owner.
type LinkState struct {
	Used     Usage // what came by the link and was not refused
	Rejected int64 // files that came by the link and were rejected
	// Revoked reports whether this one link was revoked. RevokedAt is when all links of the owner were, or zero.
	Revoked   bool
	RevokedAt time.Time
	// OwnerRemoved reports whether the owner was removed.
	OwnerRemoved bool
}

// IsRevoked reports whether a link that was made then, in milliseconds since 1970, was revoked by now.
func (s LinkState) IsRevoked(made int64) bool {
	return s.Revoked || !s.RevokedAt.IsZero() && made <= s.RevokedAt.UnixMilli()
}

// MostRejected returns how many files a link lets be rejected: a guest may try again, and nobody may fill the owner's quota so.
func (l LinkLimits) MostRejected() int64 { return max(l.Count, leastTries) }

// leastTries is how many files of any link may be rejected.
const leastTries = 5

// HasRoom reports whether one more file could be accepted, of at least one byte.
func (l LinkLimits) HasRoom(state LinkState) bool {
	return state.Used.Files < l.Count && (l.Total == 0 || state.Used.Bytes < l.Total) && state.Rejected < l.MostRejected()
}
