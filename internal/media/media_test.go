package media_test

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/internal/contract"
	"postern/internal/media"
	"postern/internal/upload"
	"postern/local/clip"
)

const budget = 64 << 10

// A meter reads content and counts what it reads.
type meter struct {
	io.ReaderAt
	t    testing.TB
	size int64
	read int64
}

func (m *meter) ReadAt(p []byte, offset int64) (int, error) {
	if m.read += int64(len(p)); m.read > budget {
		m.t.Errorf("%d bytes are read: at most %d are allowed", m.read, budget)
	}
	if offset < 0 || offset+int64(len(p)) > m.size {
		m.t.Errorf("%d bytes at %d are read of %d", len(p), offset, m.size)
	}
	return m.ReaderAt.ReadAt(p, offset)
}

func check(t testing.TB, contentType, content string) bool {
	t.Helper()
	return checkSized(t, contentType, int64(len(content)), strings.NewReader(content))
}

func checkSized(t testing.TB, contentType string, size int64, content io.ReaderAt) bool {
	t.Helper()
	ok, err := media.Check(contract.Format{ContentType: contentType}, size, &meter{content, t, size, 0})
	if err != nil {
		t.Fatalf("%s: %v", contentType, err)
	}
	return ok
}

func TestCheckAccepts(t *testing.T) {
	for _, s := range samples(t) {
		if !check(t, s.contentType, s.content) {
			t.Errorf("%s is not taken for %s", s.name, s.contentType)
		}
	}
}

// TestCheckRenamed: a file of one format is none of another, but for those that cannot be told apart.
func TestCheckRenamed(t *testing.T) {
	alike := [][]string{{mp4, m4v, m4a}, {txt, csv}, {docx, zips}, {xlsx, zips}, {pptx, zips}}
	unknown := []string{"protected.docx"} // which application's it is
	for _, s := range samples(t) {
		for _, other := range types {
			isAlike := slices.ContainsFunc(alike, func(set []string) bool { return slices.Contains(set, s.contentType) && slices.Contains(set, other) })
			if other == s.contentType || isAlike || slices.Contains(unknown, s.name) {
				continue
			}
			if check(t, other, s.content) {
				t.Errorf("%s is taken for %s", s.name, other)
			}
		}
	}
}

// TestCheckTruncated: half of a file is none, where a file says how long it is.
func TestCheckTruncated(t *testing.T) {
	endless := []string{
		"large.wav", "into a pipe.wav", "into a pipe by sox.wav", "without a length.wav", "recorded by a browser.webm", "doc type with zeros.mkv", // written while they are recorded
		"with zeros at its end.jpg", "motion photo.jpg", "of a dashcam, with more at its end.mp4", "fragmented.mp4", // complete so far
		"box to the end.mp4", "61 pixels wide.gif", "2592 pixels wide.gif", "protected.docx", "one frame.mp3",
	}
	for _, s := range samples(t) {
		if slices.Contains([]string{mp3, txt, csv}, s.contentType) || slices.Contains(endless, s.name) {
			continue
		}
		if check(t, s.contentType, s.content[:len(s.content)/2]) {
			t.Errorf("half of %s is taken for %s", s.name, s.contentType)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	const page = "<!DOCTYPE html>\n<html><script>alert(1)</script></html>\n"
	moov, mdat := box("moov", zeros(100)), box("mdat", zeros(500))
	video := string(clip.MP4())
	byName := map[string]string{}
	for _, s := range samples(t) {
		byName[s.name] = s.content
	}
	jpeg, picture, banner := byName["photo.jpg"], byName["screenshot.png"], byName["banner.gif"]
	jar := archive(t, "META-INF/MANIFEST.MF", "Evil.class")
	for _, test := range []struct{ name, contentType, content string }{
		{"an audio brand", mp4, ftyp("M4A ", "M4A ", "isom") + moov + mdat},
		{"a video brand", m4a, ftyp("M4V ", "M4V ", "isom") + moov + mdat},
		{"a QuickTime brand", mp4, ftyp("qt  ", "qt  ") + moov + mdat},
		{"an AVIF", heic, ftyp("avif", "mif1", "avif") + box("meta", zeros(300)) + mdat},
		{"a HEIC named mp4", mp4, ftyp("heic", "mif1", "heic") + moov + mdat},
		{"an MP4 without its index", mp4, ftyp("isom", "isom") + mdat},
		{"an MP4 whose first box is larger than the file", mp4, be32(1<<20) + "ftypisom" + zeros(500)},
		{"an MP4 whose data end after the file", mp4, ftyp("isom", "isom") + moov + be32(501) + "mdat" + zeros(492)},
		{"an MP4 whose index is shorter than its header", mp4, ftyp("isom", "isom") + be32(4) + "moov" + mdat},
		{"an MP4 that begins with free space", mp4, box("free", page) + ftyp("isom", "isom") + moov + mdat},
		{"a MOV whose free space is a page", mov, box("free", page) + moov + mdat},
		{"an MP4 whose free space is a page", mp4, ftyp("isom", "isom") + box("free", page) + moov + mdat},
		{"an MP4 with a PDF in it", mp4, ftyp("isom", "isom") + box("free", minimalPDF) + moov + mdat},
		{"an MP4 with an archive after it", mp4, video + jar},
		{"a WebM of another doc type", webm, ebml("webm2") + "\x18\x53\x80\x67\xff" + zeros(500)},
		{"a WebM whose doc type is not in its header", webm, "\x1a\x45\xdf\xa3\x84\x42\x86\x81\x01\x18\x53\x80\x67\x81\x00\x42\x82\x84webm" + zeros(500)},
		{"a WebM without a segment", webm, ebml("webm") + zeros(500)},
		{"a WebM that is shorter than its segment", webm, ebml("webm") + "\x18\x53\x80\x67\x41\xf5" + zeros(500)},
		{"a JPEG that is its first bytes only", jpg, "\xff\xd8\xff\xe0" + page},
		{"a JPEG that begins a script", jpg, "\xff\xd8\xff\xe0/*JFIF" + zeros(0x2F2A-6) + jpeg[2:]},
		{"a JPEG whose comment begins a script", jpg, "\xff\xd8\xff\xfe/*" + zeros(0x2F2A-2) + jpeg[2:]},
		{"a JPEG with PHP in a comment", jpg, jpeg[:2] + "\xff\xfe\x00\x15<?PHP phpinfo();?> " + jpeg[2:]},
		{"a JPEG with an archive after it", jpg, jpeg + jar},
		{"a JPEG with an archive of a long comment after it", jpg, jpeg + commented(t, strings.Repeat("x", 30_000)+"\xff\xd9")},
		{"a JPEG with an archive and a little after it", jpg, jpeg + jar + zeros(100)},
		{"a JPEG with an archive and false ends after it", jpg, jpeg + jar + strings.Repeat("PK\x05\x06"+zeros(18), 9)},
		{"a JPEG filled up with zeros", jpg, jpeg[:len(jpeg)/2] + zeros(len(jpeg))},
		{"a JPEG with a PDF in it", jpg, jpeg[:2] + "\xff\xfe\x01\x00" + minimalPDF + jpeg[2:]},
		{"a PNG without its end", pngs, picture[:len(picture)-12]},
		{"a PNG with an archive after it", pngs, picture + jar},
		{"a GIF that begins a script", gifs, "GIF89a/*  " + banner[10:]},
		{"a GIF that begins a script, with a control character", gifs, "GIF89a/*\x00\x01" + banner[10:]},
		{"a GIF that begins a script's line", gifs, "GIF89a//\x00\x01" + banner[10:]},
		{"a GIF that assigns", gifs, "GIF89a=1;/" + banner[10:]},
		{"a GIF that assigns, with a control character", gifs, "GIF89a=1;\x00" + banner[10:]},
		{"a GIF that assigns a string", gifs, "GIF89a=\n'\x00" + banner[10:]},
		{"a GIF with an archive after it", gifs, banner + jar},
		{"a GIF without its trailer", gifs, banner[:len(banner)-1]},
		{"a WebP that is a WAV", webp, riff("WAVE", "fmt "+le32(16)+zeros(416))},
		{"a WebP that is longer than the file", webp, "RIFF" + le32(1000) + "WEBPVP8 " + zeros(900)},
		{"a WebP that begins a script", webp, "RIFF/*\xff\xffWEBPVP8 " + zeros(900)},
		{"a WebP of an unknown chunk", webp, riff("WEBP", "HTML"+le32(400)+zeros(400))},
		{"a WAV that is longer than the file", wav, "RIFF" + le32(1000) + "WAVEfmt " + zeros(900)},
		{"a WAV that begins a script", wav, "RIFF/*\xff\xffWAVEfmt " + zeros(900)},
		{"a WAV that begins a script, with a length", wav, "RIFF/*\x00\x00WAVEfmt " + zeros(0x2A2F)},
		{"a WAV whose length is neither that nor unknown", wav, "RIFF\xff\xff\xff\xf0WAVEfmt " + zeros(900)},
		{"an MP3 that is a tag only", mp3, id3(100)},
		{"an MP3 of which only the tag is audio", mp3, id3(100) + page + zeros(5000)},
		{"an MP3 whose tag is larger than the file", mp3, id3(100_000)[:5000]},
		{"an MP3 after a page", mp3, "<p>" + frames(20)},
		{"an MP3 that is one header", mp3, "\xff\xfb\x90\x64" + zeros(5000)},
		{"a PDF after a page", pdf, page + minimalPDF},
		{"a PDF after a picture", pdf, banner[:600] + minimalPDF},
		{"a PDF with a script in a comment", pdf, "%PDF-1.4\n%<script>alert(1)</script>\n" + minimalPDF[9:]},
		{"a PDF without its end", pdf, minimalPDF[:len(minimalPDF)-6]},
		{"a PDF with an archive after it", pdf, minimalPDF + jar},
		{"a PDF with an archive of a long comment after it", pdf, minimalPDF + commented(t, strings.Repeat("x", 30_000)+"%%EOF")},
		{"a DOCX without content types", docx, archive(t, "_rels/.rels", "word/document.xml")},
		{"a DOCX without its parts", docx, archive(t, "[Content_Types].xml", "words/document.xml")},
		{"a DOCX with macros", docx, archive(t, "[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")},
		{"a DOCX with macros in capitals", docx, archive(t, "[Content_Types].xml", "word/document.xml", "word/VBAPROJECT.BIN")},
		{"a DOCX after something else", docx, page + archive(t, "[Content_Types].xml", "word/document.xml")},
		{"a DOC named docx", docx, compound("WordDocument", "1Table")},
		{"a DOC that says it is encrypted", docx, compound("EncryptedPackage", "WordDocument")},
		{"a compound file of nothing", docx, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + zeros(5000)},
		{"a ZIP after something else", zips, video + jar},
		{"a ZIP without its end", zips, jar[:len(jar)-22]},
		{"a ZIP whose directory is elsewhere", zips, "PK\x03\x04" + zeros(500) + "PK\x05\x06" + zeros(4) + "\x01\x00\x01\x00" + le32(46) + le32(100) + "\x00\x00"},
		{"a page named txt", txt, page},
		{"a page after white space", txt, "\r\n\t " + page},
		{"a page after a byte order mark", csv, "\xef\xbb\xbf" + page},
		{"a page in UTF-16", txt, "\xff\xfe" + utf16le(page)},
		{"a tag with an attribute", txt, "<IFRAME src=x>"},
		{"an SVG", txt, "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"},
		{"XML", csv, "<?xml version='1.0'?><a/>"},
		{"PHP", txt, "<?php phpinfo();"},
		{"a shell script", txt, "#!/bin/sh\nrm -rf /\n"},
		{"a web archive", txt, "MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n"},
		{"a program", txt, "MZ\x90\x00\x03\x00\x00\x00"},
		{"text with NUL", txt, "a\x00b"},
		{"text that ends in zeros", txt, strings.Repeat("text\n", 10_000) + zeros(5000)},
		{"8-bit text with control characters", txt, "\xff\x01\x02"},
		{"text in UTF-32", txt, "\xff\xfe\x00\x00a\x00\x00\x00"},
	} {
		if check(t, test.contentType, test.content) {
			t.Errorf("%s is taken for %s", test.name, test.contentType)
		}
	}
}

// TestCheckNothing: neither nothing, nor zeros, nor a page is any of the formats.
func TestCheckNothing(t *testing.T) {
	const page = "<!DOCTYPE html>\n<html><script>alert(1)</script></html>\n"
	for _, contentType := range types {
		for name, content := range map[string]string{
			"nothing": "", "a zero": "\x00", "zeros": zeros(100_000), "ones and zeros": strings.Repeat("\xff\x00", 50_000), "a page": page, "a long page": strings.Repeat(page, 1000),
		} {
			if check(t, contentType, content) {
				t.Errorf("%s is taken for %s", name, contentType)
			}
		}
	}
}

// TestCheckOther: types of tables of a stage's own.
func TestCheckOther(t *testing.T) {
	const page = "<!DOCTYPE html>\n<html></html>"
	tar := "a.pdf" + zeros(252) + "ustar\x0000" + zeros(247) + minimalPDF
	for _, test := range []struct {
		name, contentType, content string
		want                       bool
	}{
		{"FLAC", "audio/flac", "fLaC\x00\x00\x00\x22" + zeros(500), true},
		{"alias", "audio/x-mid", "MThd" + zeros(500), true},
		{"alias of a known one", "image/jpg", "\xff\xd8\xff\xe0" + zeros(500) + "\xff\xd9", true},
		{"other than FLAC", "audio/flac", "OggS" + zeros(500), false},
		{"FLAC with an archive after it", "audio/flac", "fLaC\x00\x00\x00\x22" + zeros(500) + archive(t, "a"), false},
		{"kind of JSON", "application/json", `{"type":"Feature","geometry":null}`, true},
		{"text that is no JSON", "application/json", "hello", false},
		{"SVG", "image/svg+xml", "\xef\xbb\xbf<svg xmlns='http://www.w3.org/2000/svg'/>", false},
		{"EPUB", "application/epub+zip", stored(t, "mimetype", "application/epub+zip"), true},
		{"ZIP that is no EPUB", "application/epub+zip", archive(t, "a.txt"), false},
		{"DOC", "application/msword", compound("WordDocument"), true},
		{"DOC that is none", "application/msword", page, false},
		{"Markdown", "text/markdown", "# Title\n", true},
		{"Markdown that is a page", "text/markdown", page, false},
		{"unknown", "application/x-own", "anything" + zeros(500), true},
		{"unknown, and a page", "application/x-own", page, false},
		{"unknown, and an SVG", "application/x-own", `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`, false},
		{"unknown, and a script", "application/x-own", "#!/bin/sh\n", false},
		{"unknown, and a web archive", "application/x-own", "MIME-Version: 1.0\r\n\r\n", false},
		{"unknown, and a program", "application/x-own", "MZ" + zeros(500), false},
		{"unknown, and a program for Linux", "application/x-own", "\x7fELF\x02\x01\x01" + zeros(500), false},
		{"unknown, and a program for Java", "application/x-own", archive(t, "META-INF/MANIFEST.MF"), false},
		{"anything", "application/octet-stream", zeros(500), true},
		{"anything but a page", "application/octet-stream", page, false},
		{"anything with an archive after it", "application/octet-stream", zeros(500) + archive(t, "a"), false},
		{"tar with a PDF first", "application/x-own-tar", tar, true},
	} {
		if got := check(t, test.contentType, test.content); got != test.want {
			t.Errorf("%s as %s: got %t, want %t", test.name, test.contentType, got, test.want)
		}
	}
}

// A sparse is a large file: some pieces by their offsets, and zeros.
type sparse map[int64]string

func (s sparse) ReadAt(p []byte, offset int64) (int, error) {
	clear(p)
	for at, piece := range s {
		from, to := max(at, offset), min(at+int64(len(piece)), offset+int64(len(p)))
		if from < to {
			copy(p[from-offset:], piece[from-at:to-at])
		}
	}
	return len(p), nil
}

// TestCheckLarge: of a large file, what matters is far from its beginning.
func TestCheckLarge(t *testing.T) {
	const size = 5 << 30
	start, moov := ftyp("isom", "isom"), box("moov", zeros(100_000))
	data := int64(len(start))
	video := sparse{0: start + "\x00\x00\x00\x01mdat" + be64(int(size-data-int64(len(moov)))), size - int64(len(moov)): moov}
	if !checkSized(t, mp4, size, video) {
		t.Error("an MP4 whose index is at its end is refused")
	}
	if checkSized(t, mp4, size-int64(len(moov))-1, video) {
		t.Error("an MP4 that lacks its index is accepted")
	}

	// The directory of a large presentation, whose content types are its first or its last entry, is larger than what
	// may be read.
	for _, first := range []bool{true, false} {
		names := numbered("ppt/media/", 5000)
		if first {
			names = append([]string{"[Content_Types].xml"}, names...)
		} else {
			names = append(names, "[Content_Types].xml")
		}
		whole := archive(t, names...)
		end := whole[len(whole)-22:]
		length, from := int64(binary.LittleEndian.Uint32([]byte(end[12:]))), int64(binary.LittleEndian.Uint32([]byte(end[16:])))
		if length < 4*budget {
			t.Fatalf("the directory has %d bytes", length)
		}
		far := size - length - 22
		presentation := sparse{0: whole[:100], far: whole[from:]}
		if !checkSized(t, pptx, size, presentation) {
			t.Errorf("a large presentation is refused (content types first: %t)", first)
		}
		if checkSized(t, docx, size, presentation) {
			t.Errorf("a large presentation is a document (content types first: %t)", first)
		}
	}
}

// A failing content fails after some reads.
type failing struct {
	io.ReaderAt
	reads int
	err   error
}

func (f *failing) ReadAt(p []byte, offset int64) (int, error) {
	if f.reads--; f.reads < 0 {
		return 0, f.err
	}
	return f.ReaderAt.ReadAt(p, offset)
}

func TestCheckFails(t *testing.T) {
	fault := errors.New("a fault")
	video := ftyp("isom", "isom") + box("mdat", zeros(100_000)) + box("moov", zeros(50_000))
	format := contract.Format{ContentType: mp4}
	for reads := range 3 { // the beginning, the index, the end
		for _, test := range []struct{ err, want error }{{fault, fault}, {upload.ErrGone, upload.ErrGone}, {io.EOF, io.ErrUnexpectedEOF}, {upload.ErrBudget, nil}} {
			ok, err := media.Check(format, int64(len(video)), &failing{strings.NewReader(video), reads, test.err})
			if ok || !errors.Is(err, test.want) {
				t.Errorf("%v after %d reads: got %t, %v, want %v", test.err, reads, ok, err, test.want)
			}
		}
	}
	for _, contentType := range types {
		if _, err := media.Check(contract.Format{ContentType: contentType}, 100_000, &failing{nil, 0, fault}); !errors.Is(err, fault) {
			t.Errorf("%s: got %v, want %v", contentType, err, fault)
		}
	}
	ok, err := media.Check(format, int64(len(video)), &failing{strings.NewReader(video), 3, fault})
	if diff := cmp.Diff([]any{ok, err}, []any{true, nil}); diff != "" {
		t.Errorf("without a fault (-got +want):\n%s", diff)
	}
}

// FuzzCheck: whatever the content is, no more is read than may be, nothing outside of it, and nothing panics.
func FuzzCheck(f *testing.F) {
	for _, s := range samples(f) {
		if len(s.content) < 2000 {
			f.Add(uint8(slices.Index(types, s.contentType)), s.content, uint32(0), uint16(0))
		}
	}
	f.Add(uint8(0), ftyp("isom", "isom")+"\x00\x00\x00\x01mdat"+strings.Repeat("\xff", 8), uint32(100), uint16(9))
	f.Add(uint8(19), "PK\x03\x04PK\x06\x07"+strings.Repeat("\xff", 16)+"PK\x05\x06"+strings.Repeat("\xff", 18), uint32(0), uint16(0))
	f.Fuzz(func(t *testing.T, kind uint8, content string, gap uint32, cut uint16) {
		// A gap in the middle makes it larger than what is read.
		at := min(int(cut), len(content))
		size := int64(len(content)) + int64(gap)
		checkSized(t, types[int(kind)%len(types)], size, sparse{0: content[:at], int64(at) + int64(gap): content[at:]})
		checkSized(t, "application/x-own", size, sparse{0: content[:at], int64(at) + int64(gap): content[at:]})
	})
}
