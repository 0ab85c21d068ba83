package upload

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"postern/api"
)

// A Download says how a file is downloaded.
type Download struct {
	// Disposition is one of api.Dispositions.
	Disposition string
	// Lifetime is how long the URL is valid.
	Lifetime time.Duration
}

// ParseDownload reads the query parameters disposition and expires, each of which may be missing. contentType is the type
// that the file is served with. longest is the stage's signature lifetime: the bucket refuses signatures that are older. It
// returns an Error that names the parameter which is malformed or does not fit the type.
func ParseDownload(query map[string]string, contentType string, longest time.Duration) (Download, error) {
	download := Download{Disposition: api.Attachment, Lifetime: min(api.DefaultDownload*time.Second, longest)}
	if text, ok := query["disposition"]; ok {
		if !slices.Contains(api.Dispositions, text) {
			return Download{}, invalid("disposition %s is not known: must be one of %s", Quote(text), strings.Join(api.Dispositions, ", "))
		}
		if text == api.Inline && !isShown(contentType) {
			return Download{}, invalid("disposition inline is not allowed for %s: must be attachment", contentType)
		}
		download.Disposition = text
	}
	if text, ok := query["expires"]; ok {
		most := int64(longest / time.Second)
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds < api.MinDownload || seconds > most || text != strconv.FormatInt(seconds, 10) {
			return Download{}, invalid("expires %s is not allowed: must be %d to %d seconds", Quote(text), api.MinDownload, most)
		}
		download.Lifetime = time.Duration(seconds) * time.Second
	}
	return download, nil
}

// isShown reports whether a browser may show a content type. It runs no script in these; in SVG, HTML, XML and PDF it may.
func isShown(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, "/")
	return contentType == "text/plain" || contentType != "image/svg+xml" && slices.Contains([]string{"audio", "image", "video"}, kind)
}
