package media_test

import (
	"archive/zip"
	"bytes"
	"image"
	"image/png"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/internal/contract"
	"postern/internal/media"
	"postern/internal/upload"
)

// find inspects content as a stage does that says nothing else.
func find(t testing.TB, contentType, content string) upload.Finding {
	t.Helper()
	m := &meter{strings.NewReader(content), t, int64(len(content)), 0}
	found, err := media.Check(contract.Format{ContentType: contentType}, usual, m.size, m)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestCheckDetects: every sample is found to be what it is, and what cannot be told apart is what its name says.
func TestCheckDetects(t *testing.T) {
	for _, s := range samples(t) {
		want := s.contentType
		if s.name == "by iTunes.mp4" {
			want = mp4
		}
		if diff := cmp.Diff(find(t, s.contentType, s.content), upload.Finding{Detected: want}); diff != "" {
			t.Errorf("%s (-got +want):\n%s", s.name, diff)
		}
	}
}

// TestCheckSiblings: recordings and pictures may have each other's names, unless a stage wants them exact.
func TestCheckSiblings(t *testing.T) {
	byName := map[string]sample{}
	for _, s := range samples(t) {
		byName[s.name] = s
	}
	const avif = "image/avif"
	byName["a.avif"] = sample{"a.avif", avif, ftyp("avif", "mif1", "avif") + box("meta", zeros(300)) + box("mdat", zeros(500))}
	for _, test := range []struct {
		name     string
		declared string
		want     upload.Finding
	}{
		{"iphone.mov", mp4, upload.Finding{Detected: mov}},
		{"iphone.mov", m4v, upload.Finding{Detected: mov}},
		{"before brands.mov", mp4, upload.Finding{Detected: mov}},
		{"android.mp4", mov, upload.Finding{Detected: mp4}},
		{"android.mp4", m4v, upload.Finding{Detected: m4v}},
		{"itunes.m4v", mov, upload.Finding{Detected: m4v}},
		{"memo.m4a", mp4, upload.Finding{Detected: m4a}},
		{"memo.m4a", "audio/mp4", upload.Finding{Detected: "audio/mp4"}},
		{"muxed.mkv", webm, upload.Finding{Detected: mkv}},
		{"known size.webm", mkv, upload.Finding{Detected: webm}},
		{"photo.jpg", pngs, upload.Finding{Detected: jpg}},
		{"photo.jpg", heic, upload.Finding{Detected: jpg}},
		{"photo.jpg", "image/jpg", upload.Finding{Detected: "image/jpg"}},
		{"screenshot.png", jpg, upload.Finding{Detected: pngs}},
		{"banner.gif", webp, upload.Finding{Detected: gifs}},
		{"lossy.webp", jpg, upload.Finding{Detected: webp}},
		{"iphone.heic", jpg, upload.Finding{Detected: heic}},
		{"iphone.heic", "image/heif", upload.Finding{Detected: "image/heif"}},
		{"a.avif", heic, upload.Finding{Detected: avif}},

		{"iphone.mov", m4a, upload.Finding{Detected: mov, Reason: upload.TypeMismatch}},
		{"iphone.mov", webm, upload.Finding{Detected: mov, Reason: upload.TypeMismatch}},
		{"android.mp4", webm, upload.Finding{Detected: mp4, Reason: upload.TypeMismatch}},
		{"iphone.heic", mp4, upload.Finding{Detected: heic, Reason: upload.TypeMismatch}},
		{"photo.jpg", mp4, upload.Finding{Detected: jpg, Reason: upload.TypeMismatch}},
		{"screenshot.png", txt, upload.Finding{Detected: pngs, Reason: upload.TypeMismatch}},
		{"tagged.mp3", wav, upload.Finding{Detected: mp3, Reason: upload.TypeMismatch}},
		{"recording.wav", m4a, upload.Finding{Detected: wav, Reason: upload.TypeMismatch}},
		{"minimal.pdf", docx, upload.Finding{Detected: pdf, Reason: upload.TypeMismatch}},
		{"by word.docx", xlsx, upload.Finding{Detected: docx, Reason: upload.TypeMismatch}},
		{"files.zip", docx, upload.Finding{Detected: zips, Reason: upload.TypeMismatch}},
	} {
		s := byName[test.name]
		if diff := cmp.Diff(find(t, test.declared, s.content), test.want); diff != "" {
			t.Errorf("%s as %s (-got +want):\n%s", test.name, test.declared, diff)
		}
		if test.want.Detected != test.declared && check(t, test.declared, s.content) {
			t.Errorf("%s is taken for %s exactly", test.name, test.declared)
		}
	}
}

// TestCheckSays: what is refused says what it is instead.
func TestCheckSays(t *testing.T) {
	const page = "<!DOCTYPE html><html><script>alert(1)</script></html>"
	jar := archive(t, "META-INF/MANIFEST.MF", "Evil.class")
	var photo string
	for _, s := range samples(t) {
		if s.name == "photo.jpg" {
			photo = s.content
		}
	}
	for _, test := range []struct{ name, declared, content, want string }{
		{"a page", mp4, page, "text/html"},
		{"a page as text", txt, page, "text/html"},
		{"a page after a control character", txt, "\v" + page, "text/html"},
		{"a script", txt, "#!/bin/sh\nls\n", "text/x-shellscript"},
		{"an SVG", jpg, "<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"},
		{"a program", pdf, "MZ" + zeros(500), "application/vnd.microsoft.portable-executable"},
		{"text", mp3, "some text", "text/plain"},
		{"half a picture", jpg, photo[:len(photo)/2], "application/octet-stream"},
		{"nothing known", jpg, "\x01\x02\x03", "application/octet-stream"},
		{"nothing", jpg, "", "application/octet-stream"},
		{"a picture with an archive", jpg, photo + jar, zips},
		{"a picture with a PDF", jpg, photo[:2] + segment(0xFE, minimalPDF) + photo[2:], pdf},
		{"a picture with PHP", jpg, photo[:2] + segment(0xFE, "<?php 1") + photo[2:], "text/x-php"},
		{"a program for Java", docx, jar, zips},
		{"macros", docx, documentOf(t, withMacros(macroMain)), "application/vnd.ms-word.document.macroenabled.12"},
		{
			"a binary workbook", xlsx, documentOf(t, []part{typesOf("xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroEnabled.main"), {"xl/workbook.bin", "x"}}),
			"application/vnd.ms-excel.sheet.binary.macroenabled.12",
		},
	} {
		if diff := cmp.Diff(find(t, test.declared, test.content), upload.Finding{Detected: test.want, Reason: upload.TypeMismatch}); diff != "" {
			t.Errorf("%s as %s (-got +want):\n%s", test.name, test.declared, diff)
		}
	}
}

// TestCheckArchives: what would do harm when it is unpacked is refused.
func TestCheckArchives(t *testing.T) {
	link := func(mode fs.FileMode) string {
		return zipped(t, func(w *zip.Writer) error {
			header := &zip.FileHeader{Name: "a"}
			header.SetMode(mode)
			_, err := w.CreateHeader(header)
			return err
		})
	}
	sized := func(name string, size int) part { return part{name, zeros(size)} }
	declared := func(size uint64) string {
		return zipped(t, func(w *zip.Writer) error {
			_, err := w.CreateRaw(&zip.FileHeader{Name: "a", Method: zip.Deflate, CompressedSize64: 1, UncompressedSize64: size})
			return err
		})
	}
	for _, test := range []struct {
		name, contentType, content string
		unsafe                     bool
	}{
		{"files", zips, archive(t, "a", "b/c", "b/..c", "d..", "...", "Q: why.txt", "1:b", "Caf\xc3\xa9/x"), false},
		{"a climbing name", zips, archive(t, "a", "../../etc/passwd"), true},
		{"a name that climbs inside", zips, archive(t, "a/../../b"), true},
		{"a name that climbs at its end", zips, archive(t, "a/.."), true},
		{"a name that climbs as on Windows", zips, archive(t, `..\b`), true},
		{"an absolute name", zips, archive(t, "/etc/passwd"), true},
		{"an absolute name as on Windows", zips, archive(t, `\b`), true},
		{"a drive", zips, archive(t, `C:\b`), true},
		{"a document with a climbing name", docx, office(t, docx, "../b"), true},
		{"a path on a drive", zips, archive(t, "c:b"), true},
		{"a symbolic link", zips, link(fs.ModeSymlink | 0o777), true},
		{"a file with a mode", zips, link(0o644), false},
		{"a folder", zips, archive(t, "a/", "a/b"), false},
		{"many entries", zips, archive(t, numbered("a", 10_000)...), false},
		{"too many entries", zips, archive(t, numbered("a", 10_001)...), true},
		{"a document with too many entries", pptx, office(t, pptx, numbered("ppt/media/a", 10_000)...), true},
		{"little that is packed well", zips, documentOf(t, []part{sized("a", 1<<20-1)}), false},
		{"much that is packed well", zips, documentOf(t, []part{sized("a", 5<<20)}), true},
		{"much in several files", zips, documentOf(t, []part{sized("a", 1<<20-1), sized("b", 1<<20-1)}), true},
		{"a document that is packed well", docx, documentOf(t, append(parts(docx), sized("word/a.xml", 5<<20))), true},
		{"much that is packed a little", zips, documentOf(t, []part{{"a", noise(60_000)}, sized("b", 5<<20)}), false},
		{"more than a disk", zips, declared(10<<30 + 1), true},
		{"far more than a disk", zips, declared(1 << 62), true},
		{"the same bytes again and again", zips, overlapping(t, 60_000, 20), true},
		{"another type of archive", "application/epub+zip", stored(t, "mimetype", "application/epub+zip"), false},
		{
			"another type of archive that climbs", "application/vnd.oasis.opendocument.text",
			documentOf(t, []part{{"../a", ""}}), true,
		},
	} {
		got := find(t, test.contentType, test.content).Reason
		if isUnsafe := got != ""; isUnsafe != test.unsafe || isUnsafe && got != upload.UnsafeArchive && !strings.HasPrefix(test.contentType, "application/vnd.oasis") {
			t.Errorf("%s: got %q, want unsafe: %t", test.name, got, test.unsafe)
		}
	}
}

// overlapping is an archive whose entries all are the first one.
func overlapping(t testing.TB, size, count int) string {
	t.Helper()
	whole := stored(t, "a", noise(size))
	end := len(whole) - 22
	directory := strings.LastIndex(whole, "PK\x01\x02")
	entry := whole[directory:end]
	return whole[:end] + strings.Repeat(entry, count-1) + "PK\x05\x06" + zeros(4) + string([]byte{byte(count), 0, byte(count), 0}) +
		le32(len(entry)*count) + le32(directory) + "\x00\x00"
}

// TestCheckPixels: pictures that are too large to be shown are refused, whatever they are.
func TestCheckPixels(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 300, 200))); err != nil {
		t.Fatal(err)
	}
	byName := map[string]string{"gray.png": b.String()}
	for _, s := range samples(t) {
		byName[s.name] = s.content
	}
	ispe := func(width, height int) string {
		return box("meta", zeros(4), box("iprp", box("ipco", box("ispe", zeros(4), be32(width), be32(height)))))
	}
	pictures := map[string]string{
		"photo.jpg": jpg, "progressive.jpg": jpg, "gray.png": pngs, "banner.gif": gifs, "lossy.webp": webp, "lossless.webp": webp, "extended.webp": webp, "tiled.heic": heic,
	}
	byName["extended.webp"] = riff("WEBP", "VP8X"+le32(10)+zeros(4)+"\x2b\x01\x00\xc7\x00\x00"+"VP8L"+le32(400)+zeros(400))
	byName["tiled.heic"] = ftyp("heic", "mif1") + ispe(300, 200) + box("mdat", zeros(10))
	for name, contentType := range pictures {
		for limit, want := range map[int64]upload.Reason{300 * 200: "", 300*200 - 1: upload.TooManyPixels} {
			rules := usual
			rules.MaxPixels = limit
			content := byName[name]
			got, err := media.Check(contract.Format{ContentType: contentType}, rules, int64(len(content)), strings.NewReader(content))
			if err != nil || got.Reason != want {
				t.Errorf("%s with at most %d pixels: got %q, %v, want %q", name, limit, got.Reason, err, want)
			}
		}
	}
}
