package sign

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A Get is a download to be allowed: one version of one object.
type Get struct {
	// Key is the object's key, as a Put has it.
	Key string

	// VersionID names the version: 1 to 1024 visible ASCII characters, as S3 gives it.
	VersionID string

	// These are headers of the answer, in visible ASCII and spaces. Whoever has the URL cannot change them. If one is empty,
	// S3 sends the object's own, which whoever sent the bytes may have chosen. Expires is an HTTP date: S3 refuses another.
	ContentDisposition, ContentType, ContentLanguage, CacheControl, Expires string
}

// PresignGet signs a GET that S3 answers from now until lifetime has passed, both as for PresignPut. The client sends no
// headers of its own. It fails when get or lifetime is not as documented. The error names the field and what is allowed, and
// holds no header. The credentials need s3:GetObjectVersion on the object.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func (s *Signer) PresignGet(get Get, now time.Time, lifetime time.Duration) (PresignedRequest, error) {
	if err := get.validate(); err != nil {
		return PresignedRequest{}, err
	}
	query := []field{{"versionId", get.VersionID}, {"x-id", "GetObject"}}
	for name, value := range get.headers() {
		if value != "" {
			query = append(query, field{"response-" + name, value})
		}
	}
	return s.presign(request{method: http.MethodGet, key: get.Key, query: query}, now, lifetime)
}

// headers returns the headers of the answer by name.
func (g Get) headers() map[string]string {
	return map[string]string{
		"content-disposition": g.ContentDisposition, "content-type": g.ContentType, "content-language": g.ContentLanguage,
		"cache-control": g.CacheControl, "expires": g.Expires,
	}
}

func (g Get) validate() error {
	if err := validatePath(g.Key); err != nil {
		return err
	}
	switch {
	case g.VersionID == "":
		return errors.New("version id is empty")
	case len(g.VersionID) > maxVersionID || !isVisible(g.VersionID):
		return fmt.Errorf("version id is malformed: only 1 to %d visible ASCII characters are allowed", maxVersionID)
	}
	for name, value := range g.headers() {
		if !isVisible(strings.ReplaceAll(value, " ", "")) {
			return fmt.Errorf("%s is malformed: only visible ASCII characters and spaces are allowed", name)
		}
	}
	return nil
}

// maxVersionID is the length of the longest version id, in bytes.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
const maxVersionID = 1024
