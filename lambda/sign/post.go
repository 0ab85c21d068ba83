package sign

import (
	"slices"
	"time"
)

// A Post is an upload to be allowed: one object, with everything about it fixed but its content.
type Post struct {
	// Key is the object's key, of 1 to 1024 bytes.
	Key string

	// Fields are the form's further fields, such as content-type, tagging and x-amz-meta-…, by their names in lower
	// case. S3 refuses an upload that has another value for one of them, lacks one, or has one more.
	Fields map[string]string

	// MinSize and MaxSize bound the file, in bytes, both included. MaxSize is at most 5 GiB, as much as S3 takes in one
	// request.
	MinSize, MaxSize int64
}

// A PresignedPost is a form that uploads one object.
type PresignedPost struct {
	// URL is where the form is sent, as multipart/form-data with method POST.
	URL string

	// Fields are the form's fields by name, in lower case. The file follows them, last, as the field "file".
	Fields map[string]string

	// Expires is when S3 begins to refuse the form, in UTC, to the millisecond.
	Expires time.Time
}

// Names of the fields that the signer adds to a form.
const (
	fieldKey           = "key"
	fieldPolicy        = "policy"
	fieldAlgorithm     = "x-amz-algorithm"
	fieldCredential    = "x-amz-credential"
	fieldDate          = "x-amz-date"
	fieldSecurityToken = "x-amz-security-token"
	fieldSignature     = "x-amz-signature"
)

// PresignPost signs a form that S3 accepts from now until lifetime has passed: more than 0, at most 7 days. The policy
// has an exact condition for the bucket and for every field of the form but policy and x-amz-signature, and one for
// the size of the file. It fails when post or lifetime is not as documented; the error names the field and what is
// allowed.
func (s *Signer) PresignPost(post Post, now time.Time, lifetime time.Duration) (PresignedPost, error) {
	if err := post.validate(); err != nil {
		return PresignedPost{}, err
	}
	if err := validateLifetime(lifetime); err != nil {
		return PresignedPost{}, err
	}
	form := s.form(post, now.UTC(), now.UTC().Add(lifetime).Truncate(time.Millisecond))
	if err := validateSize(form.Fields); err != nil {
		return PresignedPost{}, err
	}
	return form, nil
}

// form signs a validated post.
func (s *Signer) form(post Post, now, expires time.Time) PresignedPost {
	date := now.Format("20060102T150405Z")
	key := s.keyOf(date[:len("20060102")])

	// A typical policy fits on the stack, which spares garbage.
	document := openPolicy(make([]byte, 0, 4096), expires, key.conditions).
		equal(fieldDate, date).
		equal(fieldKey, post.Key).
		sizeRange(post.MinSize, post.MaxSize)
	fields := make(map[string]string, len(post.Fields)+7)
	for _, name := range sortedNames(make([]string, 0, 16), post.Fields) {
		document = document.equal(name, post.Fields[name])
		fields[name] = post.Fields[name]
	}

	fields[fieldKey] = post.Key
	fields[fieldAlgorithm] = algorithm
	fields[fieldCredential] = key.credential
	fields[fieldDate] = date
	if token := s.config.Credentials.SessionToken; token != "" {
		fields[fieldSecurityToken] = token
	}
	fields[fieldPolicy], fields[fieldSignature] = key.seal(document.close())
	return PresignedPost{URL: s.url, Fields: fields, Expires: expires}
}

// sortedNames appends the names of fields to names, which is empty, in alphabetical order: equal posts have equal
// policies.
func sortedNames(names []string, fields map[string]string) []string {
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
