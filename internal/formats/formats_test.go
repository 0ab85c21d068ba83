package formats_test

import (
	"testing"

	"postern/internal/formats"
)

const docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

func TestCanonical(t *testing.T) {
	for hint, want := range map[string]string{
		"video/mp4": "video/mp4", " VIDEO/mp4\t": "video/mp4", "video/webm;codecs=vp9,opus": "video/webm",
		"text/plain; charset=UTF-8": "text/plain", "text/plain ;charset=utf-8": "text/plain", "image/JPG": "image/jpeg",
		"audio/mp4;codecs=mp4a.40.2": "audio/x-m4a", "made/up": "made/up", "video/mp4\r\nx: y": "video/mp4\r\nx: y",
	} {
		if got, said := formats.Canonical(hint); got != want || !said {
			t.Errorf("Canonical(%q) = %q, %t, want %q, true", hint, got, said, want)
		}
	}
	for hint, want := range map[string]string{
		"": "", " ": "", ";": "", "; charset=utf-8": "", "application/octet-stream": formats.Unknown, "Application/Octet-Stream; x=y": formats.Unknown,
	} {
		if got, said := formats.Canonical(hint); got != want || said {
			t.Errorf("Canonical(%q) = %q, %t, want %q, false", hint, got, said, want)
		}
	}
}

func TestAccepts(t *testing.T) {
	for contentType, hints := range map[string][]string{
		docx:               {docx, "", "application/haansoftdocx", "application/octet-stream", "application/msword", "application/x-zip-compressed"},
		"application/zip":  {"application/x-zip-compressed", "application/x-zip", "application/zip-compressed"},
		"audio/x-m4a":      {"audio/mp4", "audio/m4a", "audio/x-m4a"},
		"audio/mp4":        {"audio/x-m4a", "audio/m4a", "Audio/MP4"}, // as a stage may call it
		"audio/wav":        {"audio/x-wav", "audio/wave", "audio/vnd.wave"},
		"audio/mpeg":       {"audio/mp3"},
		"image/jpeg":       {"image/jpg", "image/pjpeg"},
		"image/heic":       {"image/heif", ""},
		"text/csv":         {"application/vnd.ms-excel", "text/csv; charset=utf-8", "text/plain"},
		"text/plain":       {"text/plain; charset=utf-8", "text/plain;charset=UTF-8"},
		"video/quicktime":  {"video/mp4", "video/quicktime; x=y"},
		"application/pdf":  {"application/x-pdf", "application/wps-office.pdf"},
		"video/mp4":        {"video/x-m4v", "video/quicktime", "application/mp4", "video/mp4; codecs=\"avc1.42E01E\""},
		"video/webm":       {"video/webm;codecs=vp9,opus", "video/x-matroska;codecs=avc1", "audio/webm;codecs=opus"},
		"video/x-matroska": {"", "video/x-matroska;codecs=avc1", "video/matroska"},
		formats.Unknown:    {"", formats.Unknown},
	} {
		for _, hint := range hints {
			if !formats.Accepts(contentType, hint) {
				t.Errorf("%s: %q is refused", contentType, hint)
			}
		}
	}
	for contentType, hints := range map[string][]string{
		"video/mp4": {"text/html", "audio/mpeg", "video/webm", "video", "x", "video/mp4,text/html", "video/mp4\n", "video/mp4\x00"},
		"text/csv":  {"text/html", "application/zip"}, "text/plain": {"text/csv", "text/html;charset=utf-8"},
		"application/zip": {docx}, "image/png": {"image/svg+xml"}, formats.Unknown: {"text/html"},
	} {
		for _, hint := range hints {
			if formats.Accepts(contentType, hint) {
				t.Errorf("%s: %q is accepted", contentType, hint)
			}
		}
	}
}
