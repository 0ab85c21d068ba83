package media_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
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

const (
	ordinary = 64 << 10  // bytes that are read of most files
	budget   = 192 << 10 // of archives, and of what may have one at its end
)

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

var (
	// usual are the rules of a stage that says nothing else.
	usual = contract.Inspection{MaxEntries: 10_000, MaxUnpacked: 10 << 30, MaxRatio: 200, MaxPixels: 300_000_000}
	// exact are those of a stage that takes nothing under another name.
	exact = contract.Inspection{Exact: true, MaxEntries: 10_000, MaxUnpacked: 10 << 30, MaxRatio: 200, MaxPixels: 300_000_000}
)

func check(t testing.TB, contentType, content string) bool {
	t.Helper()
	return checkSized(t, contentType, int64(len(content)), strings.NewReader(content))
}

func checkSized(t testing.TB, contentType string, size int64, content io.ReaderAt) bool {
	t.Helper()
	verdict, err := media.Check(contract.Format{ContentType: contentType}, exact, size, &meter{content, t, size, 0})
	if err != nil {
		t.Fatalf("%s: %v", contentType, err)
	}
	return verdict.Reason == ""
}

func TestCheckAccepts(t *testing.T) {
	for _, s := range samples(t) {
		if !check(t, s.contentType, s.content) {
			t.Errorf("%s is not taken for %s", s.name, s.contentType)
		}
	}
}

// TestCheckReadsLittle: of an ordinary file no more is read than its limit, and of none more than the budget.
func TestCheckReadsLittle(t *testing.T) {
	// What ends with something foreign, or does not say where it ends, is searched for an archive.
	searched := []string{"with data of a camera.jpg", "with text of a camera.jpg", "motion photo.jpg", "with padding.jpg", "with spaces.jpg", "large, with text of a camera.jpg", "large, with a table of a camera.jpg", "large, with a clip.jpg"}
	for _, s := range samples(t) {
		padded := s.content
		m := &meter{strings.NewReader(padded), t, int64(len(padded)), 0}
		if _, err := media.Check(contract.Format{ContentType: s.contentType}, exact, m.size, m); err != nil {
			t.Fatal(err)
		}
		if m.read > ordinary && !strings.HasPrefix(s.content, "PK") && !slices.Contains(searched, s.name) {
			t.Errorf("%s: %d bytes are read", s.name, m.read)
		}
	}
}

// TestCheckRenamed: a file of one format is none of another, but for those that cannot be told apart.
func TestCheckRenamed(t *testing.T) {
	alike := [][]string{{mp4, m4v, m4a}, {txt, csv}, {docx, zips}, {xlsx, zips}, {pptx, zips}}
	for _, s := range samples(t) {
		for _, other := range types {
			isAlike := slices.ContainsFunc(alike, func(set []string) bool { return slices.Contains(set, s.contentType) && slices.Contains(set, other) })
			if other == s.contentType || isAlike || strings.HasPrefix(s.name, "protected") { // which application's it is
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
		"with data of a camera.jpg", "with text of a camera.jpg", "with padding.jpg", "with spaces.jpg", "with a picture after it.jpg", // more than half of it is after the picture
		"large, with text of a camera.jpg", "large, with a table of a camera.jpg", "large, with a clip.jpg", "protected for some people.docx",
		"with padding.png", "with a record after it.png", "with padding.gif", "with much padding.gif", "large, with padding.gif", "with padding.pdf",
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
	bigPhoto := strings.TrimSuffix(byName["large, with a clip.jpg"], noise(100_000))
	jpegOfOneColour := encoded(t, func(b *bytes.Buffer, _ image.Image) error {
		return jpeg.Encode(b, image.NewGray(image.Rect(0, 0, 4000, 4000)), nil)
	})
	photo, picture, banner := byName["photo.jpg"], byName["screenshot.png"], byName["banner.gif"]
	jar := archive(t, "META-INF/MANIFEST.MF", "Evil.class")
	program := "MZ\x90\x00\x03\x00\x00\x00" + noise(2000)
	for _, test := range []struct{ name, contentType, content string }{
		{"an audio brand", mp4, ftyp("M4A ", "M4A ", "isom") + moov + mdat},
		{"a video brand", m4a, ftyp("M4V ", "M4V ", "isom") + moov + mdat},
		{"a QuickTime brand", mp4, ftyp("qt  ", "qt  ") + moov + mdat},
		{"an AVIF", heic, ftyp("avif", "mif1", "avif") + box("meta", zeros(300)) + mdat},
		{"a HEIC named mp4", mp4, ftyp("heic", "mif1", "heic") + moov + mdat},
		{"an MP4 without its index", mp4, ftyp("isom", "isom") + mdat},
		{"an MP4 whose first box is larger than the file", mp4, be32(1<<20) + "ftypisom" + zeros(500)},
		{"an MP4 whose data end after the file", mp4, ftyp("isom", "isom") + moov + be32(510) + "mdat" + zeros(492)},
		{"an MP4 whose index ends after the file", mp4, ftyp("isom", "isom") + be32(501) + "moov" + zeros(492)},
		{"an MP4 whose index is shorter than its header", mp4, ftyp("isom", "isom") + be32(4) + "moov" + mdat},
		{"an MP4 that begins with free space", mp4, box("free", page) + ftyp("isom", "isom") + moov + mdat},
		{"a MOV whose free space is a page", mov, box("free", page) + moov + mdat},
		{"an MP4 whose free space is a page", mp4, ftyp("isom", "isom") + box("free", page) + moov + mdat},
		{"an MP4 with a PDF in it", mp4, ftyp("isom", "isom") + box("free", minimalPDF) + moov + mdat},
		{"an MP4 with an archive after it", mp4, video + jar},
		{"an MP4 with an archive of a long comment after it", mp4, video + commented(t, strings.Repeat("x", 40_000))},
		{"an MP4 with an archive of the longest comment after it", mp4, video + commented(t, strings.Repeat("x", 65_535))},
		{"an MP4 with an archive in free space", mp4, video + box("free", commented(t, noise(60_000)))},
		{"a MOV with an archive of a long comment after it", mov, ftyp("qt  ", "qt  ") + moov + mdat + commented(t, noise(65_535))},
		{"a WebM with an archive of a long comment after it", webm, byName["known size.webm"] + commented(t, noise(65_535))},
		{"a recorded WebM with an archive of a long comment after it", webm, byName["recorded by a browser.webm"] + commented(t, noise(65_535))},
		{"a PNG with an archive of a long comment after it", pngs, picture + commented(t, noise(65_535-12)+picture[len(picture)-12:])},
		{"a GIF with an archive of a long comment after it", gifs, banner + commented(t, noise(65_533)+"\x00;")},
		{"a WebP with an archive of a long comment after it", webp, byName["lossy.webp"] + commented(t, noise(65_535))},
		{"a WAV with an archive of a long comment after it", wav, byName["recording.wav"] + commented(t, noise(65_535))},
		{"a piped WAV with an archive of a long comment after it", wav, byName["into a pipe.wav"] + commented(t, noise(65_535))},
		{"an MP3 with an archive of a long comment after it", mp3, byName["tagged.mp3"] + commented(t, noise(65_535))},
		{"an MP3 with an archive of a long comment like a tag after it", mp3, byName["tagged.mp3"] + commented(t, noise(65_407)+"TAG"+zeros(125))},
		{"a HEIC with an archive of a long comment after it", heic, byName["iphone.heic"] + commented(t, noise(65_535))},
		{"a WebM of another doc type", webm, ebml("webm2") + "\x18\x53\x80\x67\xff" + zeros(500)},
		{"a WebM whose doc type is not in its header", webm, "\x1a\x45\xdf\xa3\x84\x42\x86\x81\x01\x18\x53\x80\x67\x81\x00\x42\x82\x84webm" + zeros(500)},
		{"a WebM without a segment", webm, ebml("webm") + zeros(500)},
		{"a WebM that is shorter than its segment", webm, ebml("webm") + "\x18\x53\x80\x67\x41\xf5" + zeros(500)},
		{"a JPEG that is its first bytes only", jpg, "\xff\xd8\xff\xe0" + page},
		{"a JPEG that is a word and a program", jpg, "\xff\xd8\xff\xe1MotionPhoto" + program},
		{"a JPEG that is another word and a program", jpg, "\xff\xd8\xff\xe0\x00\x10JFIF\x00MicroVideo" + program + "\xff\xd9"},
		{"a JPEG without a frame", jpg, photo[:2] + segment(0xE0, "JFIF\x00") + segment(0xDA, zeros(6)) + zeros(100) + "\xff\xd9"},
		{"a JPEG whose picture is a program", jpg, before(photo, "\xff\xda") + segment(0xDA, zeros(6)) + program + "\xff\xd9"},
		{"a JPEG without its picture", jpg, before(photo, "\xff\xda") + "\xff\xd9"},
		{"a JPEG with a preview that was cut off", jpg, photo[:2] + segment(0xE1, "Exif\x00\x00"+photo) + photo[2:len(photo)-200]},
		{"a large JPEG that was cut off", jpg, bigPhoto[:len(bigPhoto)-5000]},
		{"a large JPEG of one colour that was cut off", jpg, jpegOfOneColour[:len(jpegOfOneColour)-5000]},
		{"a large JPEG with a preview that was cut off", jpg, photo[:2] + segment(0xE1, "Exif\x00\x00"+photo) + photo[2:len(photo)-200] + strings.Repeat("a\xff\x00b", 50_000)},
		{"a JPEG with an archive of the longest comment after it", jpg, photo + commented(t, noise(65_533)+"\xff\xd9")},
		{"a JPEG that begins a script", jpg, "\xff\xd8\xff\xe0/*JFIF" + zeros(0x2F2A-6) + photo[2:]},
		{"a JPEG whose comment begins a script", jpg, "\xff\xd8\xff\xfe/*" + zeros(0x2F2A-2) + photo[2:]},
		{"a JPEG with PHP in a comment", jpg, photo[:2] + "\xff\xfe\x00\x15<?PHP phpinfo();?> " + photo[2:]},
		{"a JPEG with an archive after it", jpg, photo + jar},
		{"a JPEG with an archive of a long comment after it", jpg, photo + commented(t, strings.Repeat("x", 30_000)+"\xff\xd9")},
		{"a JPEG with an archive and a little after it", jpg, photo + jar + zeros(100)},
		{"a JPEG with an archive and false ends after it", jpg, photo + jar + strings.Repeat("PK\x05\x06"+zeros(18), 9)},
		{"a JPEG filled up with zeros", jpg, photo[:len(photo)/2] + zeros(len(photo))},
		{"a JPEG with a PDF in it", jpg, photo[:2] + "\xff\xfe\x01\x00" + minimalPDF + photo[2:]},
		{"a PNG without its end", pngs, picture[:len(picture)-12]},
		{"a PNG with an archive after it", pngs, picture + jar},
		{"a GIF that is its first bytes and a program", gifs, banner[:25] + program + "\x00;"},
		{"a GIF that begins a script", gifs, "GIF89a/*  " + banner[10:]},
		{"a GIF that begins a script, with a control character", gifs, "GIF89a/*\x00\x01" + banner[10:]},
		{"a GIF that begins a script's line", gifs, "GIF89a//\x00\x01" + banner[10:]},
		{"a GIF that assigns", gifs, "GIF89a=1;/" + banner[10:]},
		{"a GIF that assigns, with a control character", gifs, "GIF89a=1;\x00" + banner[10:]},
		{"a GIF that assigns a string", gifs, "GIF89a=\n'\x00" + banner[10:]},
		{"a GIF with an archive after it", gifs, banner + jar},
		{"a GIF that was cut off after something like its trailer", gifs, banner[:25] + "!\xfe\x09ab\x00;c"},
		{"a GIF without its trailer", gifs, banner[:len(banner)-1]},
		{"a WebP that is a WAV", webp, riff("WAVE", "fmt "+le32(16)+zeros(416))},
		{"a WebP that is longer than the file", webp, "RIFF" + le32(1000) + "WEBPVP8 " + zeros(900)},
		{"a WebP that begins a script", webp, "RIFF/*\xff\xffWEBPVP8 " + zeros(900)},
		{"a WebP of an unknown chunk", webp, riff("WEBP", "HTML"+le32(400)+zeros(400))},
		{"a WAV that is longer than the file", wav, "RIFF" + le32(1000) + "WAVEfmt " + zeros(900)},
		{"a WAV without data", wav, riff("WAVE", "fmt "+le32(16)+zeros(16))},
		{"a WAV without a format", wav, riff("WAVE", "data"+le32(400)+zeros(400))},
		{"a WAV whose data are cut off", wav, riff("WAVE", "fmt "+le32(16)+zeros(16)+"data"+le32(400)+zeros(300))},
		{"a WAV that begins a script", wav, "RIFF/*\xff\xffWAVEfmt " + zeros(900)},
		{"a WAV that begins a script, with a length", wav, "RIFF/*\x00\x00WAVEfmt " + zeros(0x2A2F)},
		{"a WAV whose length is neither that nor unknown", wav, "RIFF\xff\xff\xff\xf0WAVEfmt " + zeros(900)},
		{"an MP3 that is a tag only", mp3, id3(100)},
		{"an MP3 of which only the tag is audio", mp3, id3(100) + page + zeros(5000)},
		{"an MP3 whose tag is larger than the file", mp3, id3(100_000)[:5000]},
		{"an MP3 after a script", mp3, "alert(1);/*" + frames(20)},
		{"an MP3 after a comment", mp3, "/*" + noise(50) + frames(20)},
		{"an MP3 after a string", mp3, "'" + frames(20)},
		{"an MP3 after a shell script", mp3, "id\nexit\n" + frames(20)},
		{"an MP3 whose tag is a script", mp3, "ID3=1;/*" + zeros(100) + frames(20)},
		{"an MP3 after a page", mp3, "<p>" + frames(20)},
		{"an MP3 whose frames are cut off by a page", mp3, frames(2) + page},
		{"an MP3 that is one header", mp3, "\xff\xfb\x90\x64" + zeros(5000)},
		{"a PDF after a page", pdf, page + minimalPDF},
		{"a PDF after a picture", pdf, banner[:600] + minimalPDF},
		{"a PDF with a script in a comment", pdf, "%PDF-1.4\n%<script>alert(1)</script>\n" + minimalPDF[9:]},
		{"a PDF that is a program", pdf, "%PDF-1.4\n" + program + "\n%%EOF\n"},
		{"a PDF that is a program with a word", pdf, "%PDF-1.4\n" + program + "\nstartxref\n0\n%%EOF\n"},
		{"a PDF without a cross-reference and a trailer", pdf, before(minimalPDF, "xref") + "startxref\n9999\n%%EOF\n"},
		{"a PDF that is a program with more words", pdf, "%PDF-1.4\n" + program + "\ntrailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"},
		{"a PDF after text", pdf, "alert(1)\n" + minimalPDF},
		{"a PDF after a script in a printer's text", pdf, "%%A: <script>alert(1)</script>\n" + minimalPDF},
		{"a PDF after a program", pdf, program[:500] + minimalPDF},
		{"a PDF with an archive of the longest comment after it", pdf, minimalPDF + commented(t, strings.Repeat("x", 65_530)+"%%EOF")},
		{"a PDF with an archive after it whose comment ends like it", pdf, minimalPDF + commented(t, strings.Repeat("x", 60_000)+minimalPDF[len(minimalPDF)-20:])},
		{"a PDF without its end", pdf, minimalPDF[:len(minimalPDF)-6]},
		{"a PDF with an archive after it", pdf, minimalPDF + jar},
		{"a PDF with an archive of a long comment after it", pdf, minimalPDF + commented(t, strings.Repeat("x", 30_000)+"%%EOF")},
		{"a DOCX without content types", docx, archive(t, "_rels/.rels", "word/document.xml")},
		{"a DOCX without its parts", docx, archive(t, "[Content_Types].xml", "words/document.xml")},
		{"a DOCX with macros", docx, archive(t, "[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")},
		{"a DOCX with macros in capitals", docx, archive(t, "[Content_Types].xml", "word/document.xml", "word/VBAPROJECT.BIN")},
		{"a DOCX whose macros have another name", docx, documentOf(t, withMacros(macroMain))},
		{"a DOCX whose macros only its relationships tell of", docx, documentOf(t, withMacros(wordMain))},
		{"a DOCX whose content types tell of macros", docx, documentOf(t, []part{typesOf("word/document.xml", wordMain, "word/a.bin", macroProject), {"word/document.xml", "<x/>"}})},
		{"a DOCX that is a DOCM", docx, documentOf(t, []part{typesOf("word/document.xml", macroMain), {"word/document.xml", "<x/>"}})},
		{"a DOCX that is a DOCM in UTF-16", docx, documentOf(t, inUTF16([]part{typesOf("word/document.xml", macroMain), {"word/document.xml", "<x/>"}}))},
		{"a DOCX that is a DOCM in references", docx, documentOf(t, []part{typesOf("word/document.xml", strings.Replace(macroMain, "macro", "m&#x61;cro", 1)), {"word/document.xml", "<x/>"}})},
		{"a DOCX that is a DOCM in entities", docx, documentOf(t, []part{
			{contentTypes, `<!DOCTYPE a [<!ENTITY m "macro">]>` + typesOf("word/document.xml", "application/vnd.ms-word.document.&m;Enabled.main+xml").content}, {"word/document.xml", "<x/>"},
		})},
		{"a DOCX with content types of both kinds", docx, documentOf(t, append(parts(docx), typesOf("word/document.xml", macroMain)))},
		{"a DOCX with a template's macros", docx, documentOf(t, []part{typesOf("word/document.xml", "application/vnd.ms-word.template.macroEnabledTemplate.main+xml"), {"word/document.xml", "<x/>"}})},
		{"an XLSX with a macro sheet", xlsx, documentOf(t, []part{
			typesOf("xl/workbook.xml", xlsx+".main+xml", "xl/macrosheets/sheet1.xml", "application/vnd.ms-excel.macrosheet+xml"), {"xl/workbook.xml", "<x/>"},
		})},
		{"an XLSX that is an XLSB", xlsx, documentOf(t, []part{typesOf("xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroEnabled.main"), {"xl/workbook.bin", "x"}})},
		{"an XLSX that is an XLSB by its names", xlsx, archive(t, "[Content_Types].xml", "xl/workbook.bin")},
		{"a PPTX that is a PPTM", pptx, documentOf(t, []part{typesOf("ppt/presentation.xml", "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml"), {"ppt/presentation.xml", "<x/>"}})},
		{"a DOCX whose content types are no XML", docx, documentOf(t, []part{{contentTypes, "<a"}, {"word/document.xml", "<x/>"}})},
		{"a DOCX whose content types are elsewhere", docx, strings.Replace(office(t, docx), contentTypes, "[Other_Content].xml", 1)},
		{"a DOCX after something else", docx, page + archive(t, "[Content_Types].xml", "word/document.xml")},
		{"a DOC named docx", docx, compound(1<<9, "WordDocument", "1Table")},
		{"a DOC that says it is encrypted", docx, compound(1<<9, "EncryptedPackage", "WordDocument")},
		{"a DOC with macros that says it is encrypted", docx, compound(1<<9, "EncryptedPackage", "EncryptionInfo", "WordDocument", "Macros", "VBA")},
		{"an XLS that says it is encrypted", xlsx, compound(1<<9, "EncryptedPackage", "EncryptionInfo", "Workbook")},
		{"an XLS with macros that says it is encrypted", xlsx, compound(1<<9, "EncryptedPackage", "EncryptionInfo", "_VBA_PROJECT_CUR")},
		{"a DOC with an encrypted package in unused bytes", docx, strings.ReplaceAll(compound(1<<9, append(numbered("stream", 9), "WordDocument", "Macros")...),
			strings.Repeat("\xee", 512), utf16le("EncryptedPackage")+zeros(32)+"\x22\x00\x02"+zeros(53)+le32(4096)+zeros(388))},
		{"a compound file of nothing", docx, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + zeros(5000)},
		{"a ZIP after something else", zips, video + jar},
		{"a ZIP without its end", zips, jar[:len(jar)-22]},
		{"a ZIP whose directory is elsewhere", zips, "PK\x03\x04" + zeros(500) + "PK\x05\x06" + zeros(4) + "\x01\x00\x01\x00" + le32(46) + le32(100) + "\x00\x00"},
		{"a page named txt", txt, page},
		{"a page after control characters", txt, "\v\x1b\x08\x7f" + page},
		{"a page after spaces of Unicode", txt, "\u00a0\u200b\u2028\ufeff" + page},
		{"a page after a byte", txt, "\xa0" + page},
		{"a page after a comment", txt, "<!-- a -->\n<script>alert(1)</script>"},
		{"a page after an empty comment", txt, "<!--><script>alert(1)</script>"},
		{"a page after a short comment", txt, "<!---><script>alert(1)</script>-->"},
		{"an event after a comment", txt, "<!-- a --><x onfocus = alert(1) autofocus tabindex=1>"},
		{"a page after a comment with a bang", txt, "<!-- a --!><img src=x onerror=alert(1)>"},
		{"a comment without an end", txt, "<!-- " + strings.Repeat("a", 20_000)},
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
		{"alias of a known one", "image/jpg", encoded(t, func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) }), true},
		{"other than FLAC", "audio/flac", "OggS" + zeros(500), false},
		{"FLAC with an archive after it", "audio/flac", "fLaC\x00\x00\x00\x22" + zeros(500) + archive(t, "a"), false},
		{"kind of JSON", "application/json", `{"type":"Feature","geometry":null}`, true},
		{"text that is not JSON", "application/json", "hello", false},
		{"SVG", "image/svg+xml", "\xef\xbb\xbf<svg xmlns='http://www.w3.org/2000/svg'/>", false},
		{"EPUB", "application/epub+zip", stored(t, "mimetype", "application/epub+zip"), true},
		{"ZIP that is not an EPUB", "application/epub+zip", archive(t, "a.txt"), false},
		{"DOC", "application/msword", compound(1<<9, "WordDocument"), true},
		{"DOC that is not one", "application/msword", page, false},
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
		all := slices.Concat(parts(pptx)[1:], pictures(5000))
		if first {
			all = append(parts(pptx)[:1], all...)
		} else {
			all = append(all, parts(pptx)[0])
		}
		presentation, length := spread(t, documentOf(t, all), size)
		if length < budget {
			t.Fatalf("the directory has %d bytes", length)
		}
		if !checkSized(t, pptx, size, presentation) {
			t.Errorf("a large presentation is refused (content types first: %t)", first)
		}
		if checkSized(t, docx, size, presentation) {
			t.Errorf("a large presentation is a document (content types first: %t)", first)
		}
	}
}

// spread makes a file of size bytes of an archive: its directory moves to the end, as if its entries were larger.
func spread(t testing.TB, whole string, size int64) (content sparse, directory int64) {
	t.Helper()
	end := []byte(whole[len(whole)-22:])
	length, from := int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:]))
	far := size - length - 22
	record := "PK\x06\x06" + le64(44) + "\x2d\x00\x2d\x00" + zeros(8) + le64(1) + le64(1) + le64(int(length)) + le64(int(far))
	far -= int64(len(record) + 20)
	record = record[:48] + le64(int(far))
	record += "PK\x06\x07" + zeros(4) + le64(int(far+length)) + le32(1) + "PK\x05\x06" + zeros(4) + strings.Repeat("\xff", 12) + "\x00\x00"
	return sparse{0: whole[:from], far: whole[from:from+length] + record}, length
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
			got, err := media.Check(format, exact, int64(len(video)), &failing{strings.NewReader(video), reads, test.err})
			if err == nil && got.Reason == "" || !errors.Is(err, test.want) {
				t.Errorf("%v after %d reads: got %v, %v, want %v", test.err, reads, got, err, test.want)
			}
		}
	}
	for _, contentType := range types {
		if _, err := media.Check(contract.Format{ContentType: contentType}, exact, 100_000, &failing{nil, 0, fault}); !errors.Is(err, fault) {
			t.Errorf("%s: got %v, want %v", contentType, err, fault)
		}
	}
	got, err := media.Check(format, exact, int64(len(video)), strings.NewReader(video))
	if diff := cmp.Diff(got, upload.Finding{Detected: mp4}); err != nil || diff != "" {
		t.Errorf("without a fault: %v (-got +want):\n%s", err, diff)
	}
}

// TestCheckOfAnyPart: of any sample any part from its beginning can be inspected, and no more is read than may be.
func TestCheckOfAnyPart(t *testing.T) {
	for _, s := range samples(t) {
		const cuts = 60
		for i := range cuts {
			check(t, s.contentType, s.content[:len(s.content)*i/cuts])
		}
		for i := range min(cuts, len(s.content)) { // near the end, where the records are
			check(t, s.contentType, s.content[:len(s.content)-i])
		}
	}
}

// FuzzCheck: whatever the content is, no more is read than may be, nothing outside of it, and nothing panics.
func FuzzCheck(f *testing.F) {
	for _, s := range samples(f) {
		if len(s.content) < 4000 {
			f.Add(uint8(slices.Index(types, s.contentType)), s.content, uint32(0), uint16(0))
		}
	}
	f.Add(uint8(0), ftyp("isom", "isom")+"\x00\x00\x00\x01mdat"+strings.Repeat("\xff", 8), uint32(100), uint16(9))
	f.Add(uint8(19), "PK\x03\x04PK\x06\x07"+strings.Repeat("\xff", 16)+"PK\x05\x06"+strings.Repeat("\xff", 18), uint32(0), uint16(0))
	f.Fuzz(func(t *testing.T, kind uint8, content string, gap uint32, cut uint16) {
		// A gap in the middle makes it larger than what is read.
		at := min(int(cut), len(content))
		size := int64(len(content)) + int64(gap)
		whole := sparse{0: content[:at], int64(at) + int64(gap): content[at:]}
		contentType := types[int(kind)%len(types)]
		found, err := media.Check(contract.Format{ContentType: contentType}, usual, size, &meter{whole, t, size, 0})
		if err != nil || found.Detected == "" {
			t.Errorf("got %v, %v", found, err)
		}
		// What is exactly a format is so for every stage, and the other way round if it has that type.
		if isExact := checkSized(t, contentType, size, whole); isExact != (found.Reason == "" && found.Detected == contentType) {
			t.Errorf("%s: got %t exactly, and %v otherwise", contentType, isExact, found)
		}
		checkSized(t, "application/x-own", size, sparse{0: content[:at], int64(at) + int64(gap): content[at:]})
	})
}

// before returns the part of text in front of the first separator.
func before(text, separator string) string {
	part, _, _ := strings.Cut(text, separator)
	return part
}
