package upload

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// Declared is what an object's metadata carries from the signature to the inspection.
type Declared struct {
	Quota    int64  `json:"quota"`           // the owner's quota when it was signed, in bytes
	Files    int64  `json:"files,omitempty"` // the owner's quota of files then; 0: signed before files were counted
	Size     int64  `json:"size,omitempty"`  // size of the file, in bytes; 0: not declared
	Filename string `json:"name,omitempty"`
	Title    string `json:"title,omitempty"`
	Context  string `json:"context,omitempty"` // which the role service alone may give
	Guest    string `json:"guest,omitempty"`   // name that a guest gave

	Link LinkLimits `json:"link,omitzero"` // of the link for guests; zero: the owner sent it
}

const (
	// sealedField is the one name of an object's metadata, as it follows x-amz-meta-.
	sealedField = "postern"
	// maxNames bounds file name, title and the member context in JSON together, in bytes. S3 gives a user's metadata 2 KB in all; the rest is for
	// the field's name, size and quota, and base64 (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html).
	maxNames = 1400
)

// Seal returns the metadata of an object by name: one field, the nonce and the AES-256-GCM of what was declared, in base64url
// (NIST SP 800-38D). Only the owner's key opens it, and only for the same object key. It returns an Error that names file
// name and title if S3 would not hold them beside the context.
func (p *PreparedKey) Seal(objectKey string, declared Declared, random io.Reader) (map[string]string, error) {
	if err := declared.checkNames(); err != nil {
		return nil, err
	}
	text := declared.appendJSON(make([]byte, 0, typicalText))
	nonce := make([]byte, p.seals.NonceSize(), p.seals.NonceSize()+len(text)+p.seals.Overhead())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("reading randomness for a seal: %w", err)
	}
	sealed := p.seals.Seal(nonce, nonce, text, []byte(objectKey))
	return map[string]string{sealedField: base64.RawURLEncoding.EncodeToString(sealed)}, nil
}

// Seal is that of the prepared key.
func (k DerivedKey) Seal(objectKey string, declared Declared, random io.Reader) (map[string]string, error) {
	prepared, err := k.Prepare()
	if err != nil {
		return nil, err
	}
	return prepared.Seal(objectKey, declared, random)
}

// Open returns what Seal sealed. It reports false for any other metadata: then Postern did not sign it for this object.
func (p *PreparedKey) Open(objectKey string, metadata map[string]string) (Declared, bool) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(metadata[sealedField])
	if err != nil {
		return Declared{}, false
	}
	if len(sealed) < p.seals.NonceSize() {
		return Declared{}, false
	}
	text, err := p.seals.Open(nil, sealed[:p.seals.NonceSize()], sealed[p.seals.NonceSize():], []byte(objectKey))
	if err != nil {
		return Declared{}, false
	}
	var declared Declared
	err = json.Unmarshal(text, &declared)
	return declared, err == nil
}

// Open is that of the prepared key.
func (k DerivedKey) Open(objectKey string, metadata map[string]string) (Declared, bool) {
	prepared, err := k.Prepare()
	if err != nil {
		return Declared{}, false
	}
	return prepared.Open(objectKey, metadata)
}

// typicalText is the room for the JSON of most declarations, in bytes.
const typicalText = 256

// appendJSON appends what encoding/json makes of d, in a fraction of the time.
func (d Declared) appendJSON(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"quota":`...), d.Quota, 10)
	if d.Files != 0 {
		b = strconv.AppendInt(append(b, `,"files":`...), d.Files, 10)
	}
	if d.Size != 0 {
		b = strconv.AppendInt(append(b, `,"size":`...), d.Size, 10)
	}
	if d.Filename != "" {
		b = appendString(append(b, `,"name":`...), d.Filename)
	}
	if d.Title != "" {
		b = appendString(append(b, `,"title":`...), d.Title)
	}
	if d.Context != "" {
		b = appendString(append(b, contextMember...), d.Context)
	}
	if d.Guest != "" {
		b = appendString(append(b, `,"guest":`...), d.Guest)
	}
	if d.Link != (LinkLimits{}) {
		encoded, _ := encode(d.Link) // texts and numbers always encode
		b = append(append(b, `,"link":`...), encoded...)
	}
	return append(b, '}')
}

// appendString appends a JSON string. One that has to be escaped is left to encoding/json.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			encoded, _ := encode(s) // strings always encode
			return append(b, encoded...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// encode returns a value as JSON, in which <, > and & take a byte each.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// contextMember begins the context in JSON.
const contextMember = `,"context":`

// linkRoom is the room in an object's metadata for the limits of a link, in bytes.
const linkRoom = 140

// checkNames returns an Error when file name, title and a guest's name are more than an object's metadata holds beside the context.
func (d Declared) checkNames() error {
	if d.Link == (LinkLimits{}) && len(d.Filename)+len(d.Title)+len(d.Context) <= maxNames/longestEscape-len(contextMember) {
		return nil
	}
	room, beside, names := maxNames, "", fmt.Sprintf("filename %s and title %s", Quote(d.Filename), Quote(d.Title))
	if d.Context != "" {
		room, beside = room-len(appendString([]byte(contextMember), d.Context)), " beside the context"
	}
	if d.Link != (LinkLimits{}) {
		room, names = room-linkRoom, fmt.Sprintf("filename %s, title %s and guest %s", Quote(d.Filename), Quote(d.Title), Quote(d.Guest))
	}
	text, err := encode(d.Filename + d.Title + d.Guest)
	if size := len(text) - len(`""`); err == nil && size > room {
		return invalid("%s have %d bytes together in JSON: must be at most %d, which S3's metadata holds%s", names, size, room, beside)
	}
	return err
}

// longestEscape is how many bytes one byte of text takes in JSON at most: \u0000.
const longestEscape = 6
