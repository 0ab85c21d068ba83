package sign

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of S3.
const (
	maxSize     = 5 << 30 // bytes of a file
	maxKey      = 1024    // bytes of a key
	maxLifetime = 7 * 24 * time.Hour

	// maxForm is the largest form, in bytes, without the content of the file. multipart/form-data adds at most
	// partOverhead bytes to the name and the value of a field (RFC 7578, section 4.2; a boundary has at most 70
	// characters, RFC 2046, section 5.1.1).
	maxForm      = 20 << 10
	partOverhead = 128
)

// reservedFields cannot be further fields of a Post: they have a meaning of their own in a form or a policy.
var reservedFields = []string{
	"bucket", "content-length-range", "file", fieldKey, fieldPolicy,
	fieldAlgorithm, fieldCredential, fieldDate, fieldSecurityToken, fieldSignature,
	"awsaccesskeyid", "signature", // of Signature Version 2
}

// validate checks all but the fields.
func (p Post) validate() error {
	if err := validateKey(p.Key); err != nil {
		return err
	}
	return p.validateRange()
}

func (p Put) validate() error {
	if err := validatePath(p.Key); err != nil {
		return err
	}
	if p.Size < 1 || p.Size > maxSize {
		return fmt.Errorf("size is %d bytes: 1 to %d are allowed", p.Size, int64(maxSize))
	}
	return validateHeaders(p.Headers, putHeaders)
}

// putHeaders are the headers that a Put may fix, besides user metadata.
var putHeaders = []string{"content-type", "if-none-match", "x-amz-checksum-sha256", "x-amz-tagging"}

const metadataPrefix = "x-amz-meta-"

// validateHeaders checks the headers of a request, each of which must be one of those allowed or user metadata.
func validateHeaders(headers map[string]string, allowed []string) error {
	for name, value := range headers {
		if err := validateHeader(name, value, allowed); err != nil {
			return err
		}
	}
	return nil
}

// validateHeader gives no value in its errors: it may hold what a user wrote.
func validateHeader(name, value string, allowed []string) error {
	metadata, isMetadata := strings.CutPrefix(name, metadataPrefix)
	switch {
	case isMetadata && (metadata == "" || !consistsOf(metadata, lowerCase+digits+"-")):
		return fmt.Errorf("header name is %q: only lower-case letters, digits and - are allowed after %s", name, metadataPrefix)
	case !isMetadata && !slices.Contains(allowed, name):
		return fmt.Errorf("header name is %q: only %s and %s… are allowed", name, strings.Join(allowed, ", "), metadataPrefix)
	case value == "":
		// Some clients leave out a header without a value.
		return fmt.Errorf("value of header %s is empty", name)
	case !isHeaderValue(value):
		// A signature covers a value with its spaces folded, and what is not ASCII is sent in more than one way.
		return fmt.Errorf("value of header %s is malformed: only visible ASCII characters and single spaces inside are allowed", name)
	}
	return nil
}

// isHeaderValue reports whether every character of s is visible ASCII, or a single space inside.
func isHeaderValue(s string) bool {
	for word := range strings.SplitSeq(s, " ") {
		if word == "" || !isVisible(word) {
			return false
		}
	}
	return true
}

// validatePath checks a key that becomes the path of a URL, in which clients resolve some segments.
func validatePath(key string) error {
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "." || segment == ".." {
			return fmt.Errorf("key is %q: the segments . and .. are not allowed", key)
		}
	}
	return validateKey(key)
}

func validateKey(key string) error {
	switch {
	case key == "":
		return errors.New("key is empty")
	case len(key) > maxKey:
		return fmt.Errorf("key has %d bytes: at most %d are allowed", len(key), maxKey)
	case !utf8.ValidString(key):
		return fmt.Errorf("key is %q: only UTF-8 is allowed", key)
	case strings.ContainsFunc(key, unicode.IsControl):
		return fmt.Errorf("key is %q: control characters are not allowed", key)
	case strings.Contains(key, "${filename}"):
		// S3 would put the client's file name in its place.
		return fmt.Errorf("key is %q: ${filename} is not allowed", key)
	}
	return nil
}

func (p Post) validateRange() error {
	switch {
	case p.MinSize < 0:
		return fmt.Errorf("minimum size is %d bytes: at least 0 is allowed", p.MinSize)
	case p.MaxSize < p.MinSize:
		return fmt.Errorf("maximum size is %d bytes: at least the minimum size, %d, is allowed", p.MaxSize, p.MinSize)
	case p.MaxSize > maxSize:
		return fmt.Errorf("maximum size is %d bytes: at most %d are allowed", p.MaxSize, int64(maxSize))
	}
	return nil
}

// validateField gives no value in its errors: it may hold what a user wrote.
func validateField(name, value string) error {
	switch {
	case name == "":
		return errors.New("a field has an empty name")
	case !consistsOf(name, lowerCase+digits+"-_."):
		return fmt.Errorf("field name is %q: only lower-case letters, digits, -, _ and . are allowed", name)
	case slices.Contains(reservedFields, name):
		return fmt.Errorf("field name is %q: it is reserved for the signature or the form itself", name)
	case !utf8.ValidString(value):
		return fmt.Errorf("value of field %s is malformed: only UTF-8 is allowed", name)
	}
	return nil
}

func validateLifetime(lifetime time.Duration) error {
	if lifetime <= 0 || lifetime > maxLifetime {
		return fmt.Errorf("lifetime is %s: more than 0s and at most %s are allowed", lifetime, maxLifetime)
	}
	return nil
}

// validateSize checks the size of a form without its file. S3 answers MaxPostPreDataLengthExceeded to a larger one.
func validateSize(size int) error {
	if size > maxForm {
		return fmt.Errorf("form has up to %d bytes without its file: at most %d are allowed", size, maxForm)
	}
	return nil
}

// ASCII letters and digits, as sets of characters.
const (
	lowerCase = "abcdefghijklmnopqrstuvwxyz"
	upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits    = "0123456789"
)

// consistsOf reports whether every byte of s is in set, which is ASCII.
func consistsOf(s, set string) bool {
	for i := range len(s) {
		if strings.IndexByte(set, s[i]) < 0 {
			return false
		}
	}
	return true
}

// isVisible reports whether s is made of visible ASCII characters: no space, no control character.
func isVisible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
