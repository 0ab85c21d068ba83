package media_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"postern/local/clip"
)

// Content types of the default table.
const (
	mp4  = "video/mp4"
	mov  = "video/quicktime"
	webm = "video/webm"
	mkv  = "video/x-matroska"
	m4v  = "video/x-m4v"
	jpg  = "image/jpeg"
	pngs = "image/png"
	webp = "image/webp"
	gifs = "image/gif"
	heic = "image/heic"
	mp3  = "audio/mpeg"
	m4a  = "audio/x-m4a"
	wav  = "audio/wav"
	pdf  = "application/pdf"
	docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	pptx = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	txt  = "text/plain"
	csv  = "text/csv"
	zips = "application/zip"
)

var types = []string{mp4, mov, webm, mkv, m4v, jpg, pngs, webp, gifs, heic, mp3, m4a, wav, pdf, docx, xlsx, pptx, txt, csv, zips}

// A sample is a file as its writer writes it.
type sample struct {
	name, contentType, content string
}

func samples(t testing.TB) []sample {
	moov, mdat := box("moov", box("mvhd", zeros(100))), box("mdat", zeros(500))
	photo := encoded(t, func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) })
	screenshot := encoded(t, func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) })
	banner := encoded(t, func(b *bytes.Buffer, m image.Image) error { return gif.Encode(b, m, nil) })
	return []sample{
		{"clip.mp4", mp4, string(clip.MP4())},
		{"android.mp4", mp4, ftyp("mp42", "isom", "mp42") + box("free", zeros(50)) + mdat + moov},
		{"fragmented.mp4", mp4, ftyp("iso5", "iso6", "mp41") + moov + box("moof", zeros(80)) + mdat + box("moof", zeros(80)) + mdat},
		{"large box.mp4", mp4, ftyp("mp41", "mp41") + "\x00\x00\x00\x01mdat" + be64(516) + zeros(500) + moov},
		{"box to the end.mp4", mp4, ftyp("isom", "isom") + moov + be32(0) + "mdat" + zeros(500)},
		{"of a dashcam, with more at its end.mp4", mp4, ftyp("avc1", "isom") + mdat + moov + strings.Repeat("\xff", 99)},
		{"by iTunes.mp4", mp4, ftyp("M4V ", "M4V ", "mp42") + moov + mdat},
		{"iphone.mov", mov, ftyp("qt  ", "qt  ") + box("wide") + mdat + moov},
		{"before brands.mov", mov, box("wide") + mdat + moov},
		{"before brands, index first.mov", mov, moov + box("free", zeros(9)) + mdat},
		{"itunes.m4v", m4v, ftyp("M4V ", "M4A ", "mp42", "isom") + moov + mdat},
		{"handbrake.m4v", m4v, ftyp("mp42", "mp42", "iso2", "avc1") + mdat + moov},
		{"memo.m4a", m4a, ftyp("M4A ", "M4A ", "mp42", "isom") + mdat + moov},
		{"recorder.m4a", m4a, ftyp("mp42", "isom", "mp42") + mdat + moov},
		{"iphone.heic", heic, ftyp("heic", "mif1", "MiHB", "MiHE", "heic") + box("meta", zeros(300)) + mdat},
		{"converted.heic", heic, ftyp("mif1", "mif1", "heic") + box("meta", zeros(300)) + mdat},
		{"known size.webm", webm, ebml("webm") + "\x18\x53\x80\x67\x01\x00\x00\x00\x00\x00\x01\xf4" + zeros(500)},
		{"recorded by a browser.webm", webm, ebml("webm") + "\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + zeros(500)},
		{"muxed.mkv", mkv, ebml("matroska") + "\xec\x83abc\x18\x53\x80\x67\x41\xf4" + zeros(500)},
		{"doc type with zeros.mkv", mkv, ebml("matroska\x00\x00") + "\x18\x53\x80\x67\xff" + zeros(500)},
		{"photo.jpg", jpg, photo},
		{"about markup.jpg", jpg, photo[:2] + "\xff\xfe\x00\x1e<ScRiPt>alert(1)</script>   " + photo[2:]},
		{"of a length like a comment's.jpg", jpg, "\xff\xd8\xff\xe1/*Exif\x00\x00" + zeros(0x2F2A-8) + photo[2:]},
		{"with zeros at its end.jpg", jpg, photo + zeros(4000)},
		{"motion photo.jpg", jpg, "\xff\xd8\xff\xe1\x00\x50http://ns.adobe.com/xap/1.0/\x00GCamera:MotionPhoto=\"1\"" + zeros(9000) + "\xff\xd9" + string(clip.MP4()) + zeros(20000)},
		{"screenshot.png", pngs, screenshot},
		{"of a page.png", pngs, screenshot[:33] + be32(17) + "tEXtXML\x00<svg><body>" + be32(0) + screenshot[33:]},
		{"banner.gif", gifs, banner},
		{"with a byte more.gif", gifs, banner + "\x00"},
		{"about markup.gif", gifs, banner[:13] + "!\xfe\x1a<script>alert(1)</script>\x00" + banner[13:]},
		{"2592 pixels wide.gif", gifs, "GIF89a\x20\x0a\x60\x03\x00\x00\x00," + zeros(8) + "\x02\x02\x44\x01\x00;"},
		{"61 pixels wide.gif", gifs, "GIF89a=\x00=\x00\x00\x00\x00," + zeros(8) + "\x02\x02\x44\x01\x00;"},
		{"lossy.webp", webp, riff("WEBP", "VP8 "+le32(400)+zeros(400))},
		{"extended.webp", webp, riff("WEBP", "VP8X"+le32(10)+zeros(10)+"VP8L"+le32(400)+zeros(400))},
		{"tagged.mp3", mp3, id3(2000) + frames(20)},
		{"art larger than the beginning.mp3", mp3, id3(100_000) + zeros(1000) + frames(20)},
		{"two tags.mp3", mp3, id3(300) + id3(20_000) + frames(20) + "TAG" + zeros(125)},
		{"about markup.mp3", mp3, "ID3\x04\x00\x00\x00\x00\x08\x00" + "<html><body>" + zeros(1024-12) + frames(20)},
		{"bare.mp3", mp3, frames(20)},
		{"cut out of a stream.mp3", mp3, frames(20)[100:]},
		{"one frame.mp3", mp3, id3(100) + frames(1)},
		{"recording.wav", wav, riff("WAVE", "fmt "+le32(16)+zeros(16)+"data"+le32(400)+zeros(400))},
		{"into a pipe.wav", wav, "RIFF\xff\xff\xff\xffWAVEfmt " + le32(16) + zeros(16) + "data\xff\xff\xff\xff" + zeros(400)},
		{"into a pipe by sox.wav", wav, "RIFF\x24\xf0\xff\x7fWAVEfmt " + le32(16) + zeros(16) + "data\x00\xf0\xff\x7f" + zeros(400)},
		{"without a length.wav", wav, "RIFF\x00\x00\x00\x00WAVEfmt " + le32(16) + zeros(16) + "data\x00\x00\x00\x00" + zeros(400)},
		{"large.wav", wav, "RF64\xff\xff\xff\xffWAVEds64" + le32(28) + zeros(428)},
		{"minimal.pdf", pdf, minimalPDF},
		{"with a line before.pdf", pdf, "\n" + minimalPDF + "\r\n"},
		{"by word.docx", docx, archive(t, "[Content_Types].xml", "_rels/.rels", "word/document.xml", "word/styles.xml", "docProps/app.xml")},
		{"by libreoffice.docx", docx, archive(t, "_rels/.rels", "docProps/app.xml", "word/_rels/document.xml.rels", "word/document.xml", "[Content_Types].xml")},
		{"by excel.xlsx", xlsx, archive(t, "[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml")},
		{"by powerpoint.pptx", pptx, archive(t, "[Content_Types].xml", "_rels/.rels", "ppt/presentation.xml", "ppt/slides/slide1.xml")},
		{"protected.docx", docx, compound("EncryptedPackage", "EncryptionInfo")},
		{"plain.txt", txt, "Grüße\nBMW\n"},
		{"long.txt", txt, strings.Repeat("日本語\n", 9999)},
		{"with separators.txt", txt, strings.Repeat("日本語\x1f", 9999)},
		{"latin.txt", txt, strings.Repeat("Gr\xfc\xdfe, se\xf1or\r\n", 3000) + "\x1a"},
		{"japanese.txt", txt, "\x1b$BF|K\\8l\x1b(B\n\xff"},
		{"notepad.txt", txt, "\xff\xfe" + utf16le(strings.Repeat("Gr\u00fc\u00dfe\n", 9999))},
		{"about markup.txt", txt, "To begin a page, write <html>, and <script> for a script.\n"},
		{"chat.txt", txt, "<anna> hello\n<ben> hi\n"},
		{"table.csv", csv, "a,b\n1,\"x\ny\"\n"},
		{"by excel.csv", csv, "\xef\xbb\xbfa;b\r\n1;ü\r\n"},
		{"files.zip", zips, archive(t, "a.txt", "b/c.txt")},
		{"with a page first.zip", zips, stored(t, "index.html", "<!doctype html><script>1</script>")},
		{"with a document first.zip", zips, stored(t, "a.pdf", minimalPDF)},
		{"with a comment.zip", zips, commented(t, "made by hand")},
		{"empty.zip", zips, archive(t)},
		{"many files.zip", zips, archive(t, numbered("photos/", 5000)...)},
		{"program.zip", zips, archive(t, "META-INF/MANIFEST.MF", "Main.class")},
	}
}

func zeros(n int) string { return strings.Repeat("\x00", n) }

func be32(n int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }
func be64(n int) string { return string(binary.BigEndian.AppendUint64(nil, uint64(n))) }
func le32(n int) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }

func box(kind string, content ...string) string {
	all := strings.Join(content, "")
	return be32(8+len(all)) + kind + all
}

func ftyp(major string, compatible ...string) string {
	return box("ftyp", major, be32(512), strings.Join(compatible, ""))
}

func ebml(docType string) string {
	children := "\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82" + string([]byte{0x80 | byte(len(docType))}) + docType + "\x42\x87\x81\x04"
	return "\x1a\x45\xdf\xa3" + string([]byte{0x80 | byte(len(children))}) + children
}

func riff(form, chunks string) string { return "RIFF" + le32(4+len(chunks)) + form + chunks }

func id3(size int) string {
	return "ID3\x04\x00\x00" + string([]byte{byte(size >> 21 & 127), byte(size >> 14 & 127), byte(size >> 7 & 127), byte(size & 127)}) + zeros(size)
}

// frames are of MPEG 1, layer III, 128 kbit/s, 44,100 Hz: 417 bytes, every other one with a byte of padding.
func frames(n int) string {
	var b strings.Builder
	for i := range n {
		padding := i % 2
		b.WriteString("\xff\xfb" + string([]byte{0x90 | byte(padding<<1)}) + "\x64" + zeros(32) + strings.Repeat("U", 381+padding))
	}
	return b.String()
}

const minimalPDF = "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n" +
	"xref\n0 3\n0000000000 65535 f \n0000000015 00000 n \n0000000064 00000 n \ntrailer\n<< /Size 3 /Root 1 0 R >>\nstartxref\n116\n%%EOF\n"

func encoded(t testing.TB, encode func(*bytes.Buffer, image.Image) error) string {
	t.Helper()
	picture := image.NewPaletted(image.Rect(0, 0, 300, 200), color.Palette{color.Black, color.White, color.RGBA{200, 30, 30, 255}})
	for i := range picture.Pix {
		picture.Pix[i] = byte(i * i % 3)
	}
	var b bytes.Buffer
	if err := encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// archive is a ZIP with files of these names.
func archive(t testing.TB, names ...string) string {
	t.Helper()
	return zipped(t, func(w *zip.Writer) error {
		for _, name := range names {
			entry, err := w.Create(name)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintf(entry, "<?xml version=\"1.0\"?><x>%s</x>", name)
		}
		return nil
	})
}

func stored(t testing.TB, name, content string) string {
	t.Helper()
	return zipped(t, func(w *zip.Writer) error {
		header := zip.FileHeader{Name: name, Method: zip.Store, CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(content))}
		entry, err := w.CreateRaw(&header)
		if err == nil {
			_, err = entry.Write([]byte(content))
		}
		return err
	})
}

func commented(t testing.TB, comment string) string {
	t.Helper()
	return zipped(t, func(w *zip.Writer) error {
		_, _ = w.Create("a.txt")
		return w.SetComment(comment)
	})
}

func zipped(t testing.TB, write func(*zip.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if err := write(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func numbered(prefix string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s%06d.jpg", prefix, i)
	}
	return names
}

// compound is a compound file with 512-byte sectors whose directory, the second sector, has these entries.
func compound(names ...string) string {
	header := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + zeros(16) + "\x3e\x00\x03\x00\xfe\xff\x09\x00\x06\x00" + zeros(10) + le32(1) + le32(1)
	directory := ""
	for _, name := range append([]string{"Root Entry"}, names...) {
		entry := utf16le(name)
		directory += entry + zeros(128-len(entry))
	}
	return header + zeros(512-len(header)) + zeros(512) + directory + zeros(2048-len(directory))
}

func utf16le(s string) string {
	var b []byte
	for _, r := range s {
		b = binary.LittleEndian.AppendUint16(b, uint16(r))
	}
	return string(b)
}
