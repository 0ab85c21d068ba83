package media

import (
	"bytes"
	"slices"
	"strings"
)

// sniffed is how much of a file readers search for signs of what they would like it to be, in bytes: PDF readers take
// a header from anywhere in it.
const sniffed = 1 << 10

// Content types of what hides in other content.
const (
	typePDF  = "application/pdf"
	typeZIP  = "application/zip"
	typePHP  = "text/x-php"
	typeHTML = "text/html"
)

// second returns the content type of what the file is besides the type that it has, or nothing. What an archive holds is
// not looked at: its first entry may be any file.
func (f *file) second(contentType string) string {
	start := f.head[:min(len(f.head), sniffed)]
	family, _, _ := strings.Cut(contentType, "/")
	isPicture, isSound := family == "image", family == "audio"
	isMedia := isPicture || isSound || family == "video"
	switch {
	case f.isArchive():
		return ""
	case slices.Contains(recognized, contentType) && (isPicture || isSound):
		// They begin with their signatures, and no browser looks any further: titles and comments may hold markup. But a
		// server runs PHP wherever it is.
		if bytes.Contains(bytes.ToLower(start), []byte("<?php")) {
			return typePHP
		}
	case isMedia || contentType == typePDF:
		if hasMarkup(start) {
			return typeHTML
		}
	}
	if isMedia && bytes.Contains(start, []byte(pdfHeader)) {
		return typePDF
	}
	if f.endsInZIP(isMedia) {
		return typeZIP
	}
	return ""
}

// hasMarkup reports whether there is markup that a browser, or a server, may run.
func hasMarkup(b []byte) bool {
	lower := bytes.ToLower(b)
	for _, sign := range []string{"<script", "<html", "<!doctype html", "<iframe", "<body", "<svg", "<?php"} {
		if bytes.Contains(lower, []byte(sign)) {
			return true
		}
	}
	return false
}

// endsInZIP reports whether archivers find a directory at the file's end, as they do whatever is before it and some of
// them even if a little follows. A document may hold a ZIP, so there it must reach to the end itself.
func (f *file) endsInZIP(anywhere bool) bool {
	const smallestTrailer = 64 // bytes of what follows in a document
	length := int64(longTail)
	if f.closed {
		length = shortTail
	}
	directories := f.directories(length)
	for _, d := range directories {
		if d.first && (anywhere || f.size-d.end < smallestTrailer) {
			return true
		}
	}
	return anywhere && len(directories) == maxDirectories // put there to be in the way
}
