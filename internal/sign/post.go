package sign

import "time"

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
// the size of the file. It fails when post or lifetime is not as documented. The error names the field and what is
// allowed.
func (s *Signer) PresignPost(post Post, now time.Time, lifetime time.Duration) (PresignedPost, error) {
	if err := post.validate(); err != nil {
		return PresignedPost{}, err
	}
	fields, err := sortedFields(make([]field, 0, 16), post.Fields)
	if err != nil {
		return PresignedPost{}, err
	}
	if err := validateLifetime(lifetime); err != nil {
		return PresignedPost{}, err
	}
	expires := now.UTC().Add(lifetime).Truncate(time.Millisecond)
	form := s.form(post, fields, now, expires)
	if err := validateSize(form.size); err != nil {
		return PresignedPost{}, err
	}
	return PresignedPost{URL: s.url, Fields: form.fields, Expires: expires}, nil
}

// A form is a form that is being filled in.
type form struct {
	fields map[string]string
	size   int // upper bound in bytes, without the file
}

func (f *form) add(name, value string) {
	f.fields[name] = value
	f.size += len(name) + len(value) + partOverhead
}

// form makes and signs a form whose parts are valid.
func (s *Signer) form(post Post, fields []field, now, expires time.Time) form {
	key := s.keyOfDay(now)
	date := key.date(now)
	form := form{fields: make(map[string]string, len(fields)+7)}
	form.add(fieldKey, post.Key)
	form.add(fieldAlgorithm, algorithm)
	form.add(fieldCredential, key.credential)
	form.add(fieldDate, date)
	if token := s.config.Credentials.SessionToken; token != "" {
		form.add(fieldSecurityToken, token)
	}

	// A typical policy fits on the stack, which spares garbage.
	document := policy(make([]byte, 0, 2048)).equal(fieldDate, date).equal(fieldKey, post.Key)
	for _, field := range fields {
		document = document.equal(field.name, field.value)
		form.add(field.name, field.value)
	}
	encoded, signature := key.seal(document.close(post.MinSize, post.MaxSize, expires))
	form.add(fieldPolicy, encoded)
	form.add(fieldSignature, signature)
	return form
}

// A field is a form's field, a parameter of a query or a header.
type field struct{ name, value string }

// sortedFields appends fields to list, which is empty, in the order of their names, so that equal posts have equal
// policies. It returns an error for a field that is not as documented.
func sortedFields(list []field, fields map[string]string) ([]field, error) {
	for name, value := range fields {
		if err := validateField(name, value); err != nil {
			return nil, err
		}
		list = append(list, field{name, value})
	}
	sortByName(list)
	return list, nil
}
