package api

// Limits of keys for scripts.
const (
	MaxScriptKeys    = 20   // of one owner
	MaxScriptKeyName = 100  // bytes
	MaxScriptKeyDays = 3650 // until a key expires

	// DefaultScriptKeyDays is how long a key lives that names no days.
	DefaultScriptKeyDays = 90
)

// ScriptKeyRequest is the body of POST /keys: what a new key may do.
type ScriptKeyRequest struct {
	// Name says what the key is for: 1 to 100 bytes of UTF-8 without control characters.
	Name string `json:"name"`
	// May has the rights of the key: one at least.
	May []Right `json:"may"`
	// Folders are the stage's folders that the key opens. Default: all.
	Folders *[]string `json:"folders,omitempty"`
	// MaxSize is the largest upload, in bytes. Default: the owner's.
	MaxSize *int64 `json:"maxSize,omitempty"`
	// Days is after how many days the key expires. Default: 90.
	Days *int64 `json:"days,omitempty"`
}

// ScriptKey is a key with which a program calls this API instead of with a password.
type ScriptKey struct {
	// ID names the key.
	ID string `json:"id"`
	// Name is what its owner has written of it.
	Name string `json:"name"`
	// May has the rights of the key.
	May []Right `json:"may"`
	// Folders are the folders that the key opens. All, if there are none.
	Folders []string `json:"folders,omitempty"`
	// MaxSize is the largest upload, in bytes. The owner's, if it is missing.
	MaxSize int64 `json:"maxSize,omitempty"`
	// CreatedAt is when the key was made.
	CreatedAt Time `json:"createdAt"`
	// Expires is when the key ends.
	Expires Time `json:"expires"`
	// LastUsed is the hour in which the key was used last. It is missing if it never was.
	LastUsed *Time `json:"lastUsed,omitempty"`
	// Key is the key itself, which goes into the header Authorization after "Bearer ". Only the answer that makes it has it.
	Key string `json:"key,omitempty"`
}

// ScriptKeyList is the answer of GET /keys: the caller's keys, the oldest first.
type ScriptKeyList struct {
	// Keys are the keys, without the keys themselves.
	Keys []ScriptKey `json:"keys"`
}
