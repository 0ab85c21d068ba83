package media_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"sync"
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

// samples returns one of each kind. They are made once.
func samples(t testing.TB) []sample {
	t.Helper()
	makeSamples.Do(func() { allSamples = newSamples(t) })
	return allSamples
}

var (
	makeSamples sync.Once
	allSamples  []sample
)

func newSamples(t testing.TB) []sample {
	moov, mdat := box("moov", box("mvhd", zeros(100))), box("mdat", zeros(500))
	photo := encoded(t, func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) })
	bigPhoto := encoded(t, func(b *bytes.Buffer, _ image.Image) error {
		m := image.NewGray(image.Rect(0, 0, 400, 400))
		copy(m.Pix, noise(len(m.Pix)))
		return jpeg.Encode(b, m, nil)
	})
	screenshot := encoded(t, func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) })
	banner := encoded(t, func(b *bytes.Buffer, m image.Image) error { return gif.Encode(b, m, nil) })
	large := encoded(t, func(b *bytes.Buffer, _ image.Image) error {
		m := image.NewPaletted(image.Rect(0, 0, 500, 500), palette.Plan9)
		copy(m.Pix, noise(len(m.Pix)))
		return gif.Encode(b, m, nil)
	})
	vp8 := "\x30\x01\x00\x9d\x01\x2a\x2c\x01\xc8\x00" + zeros(390)
	return []sample{
		{"clip.mp4", mp4, string(clip.MP4())},
		{"android.mp4", mp4, ftyp("mp42", "isom", "mp42") + box("free", zeros(50)) + mdat + moov},
		{"fragmented.mp4", mp4, ftyp("iso5", "iso6", "mp41") + moov + box("moof", zeros(80)) + mdat + box("moof", zeros(80)) + mdat},
		{"large box.mp4", mp4, ftyp("mp41", "mp41") + "\x00\x00\x00\x01mdat" + be64(516) + zeros(500) + moov},
		{"box to the end.mp4", mp4, ftyp("isom", "isom") + moov + be32(0) + "mdat" + zeros(500)},
		{"of a dashcam, with more at its end.mp4", mp4, ftyp("avc1", "isom") + mdat + moov + strings.Repeat("\xff", 99)},
		{"with data that are a little too short.mp4", mp4, ftyp("isom", "isom") + moov + be32(8+500+6) + "mdat" + noise(500)},
		{"with free space of a wrong length.mp4", mp4, ftyp("isom", "isom") + "\x00\x00\x00\x03free" + moov + mdat},
		{"by iTunes.mp4", mp4, ftyp("M4V ", "M4V ", "mp42") + moov + mdat},
		{"iphone.mov", mov, ftyp("qt  ", "qt  ") + box("wide") + mdat + moov},
		{"before brands.mov", mov, box("wide") + mdat + moov},
		{"before brands, index first.mov", mov, moov + box("free", zeros(9)) + mdat},
		{"itunes.m4v", m4v, ftyp("M4V ", "M4A ", "mp42", "isom") + moov + mdat},
		{"handbrake.m4v", m4v, ftyp("mp42", "mp42", "iso2", "avc1") + mdat + moov},
		{"memo.m4a", m4a, ftyp("M4A ", "M4A ", "mp42", "isom") + mdat + moov},
		{"recorder.m4a", m4a, ftyp("mp42", "isom", "mp42") + mdat + moov},
		{"sequence.heic", heic, ftyp("msf1", "hevc", "msf1", "iso8") + moov + mdat},
		{"live.heic", heic, ftyp("hevc", "hevc", "mif1") + box("meta", zeros(300)) + moov + mdat},
		{"of any coding.heic", heic, ftyp("mif1", "mif1", "miaf") + box("meta", zeros(300)) + mdat},
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
		{"motion photo.jpg", jpg, photo[:2] + segment(0xE1, "http://ns.adobe.com/xap/1.0/\x00GCamera:MotionPhoto=\"1\"") + photo[2:] + string(clip.MP4()) + zeros(20000)},
		{"with data of a camera.jpg", jpg, photo + noise(100_000)},
		{"with text of a camera.jpg", jpg, photo + strings.Repeat("Image_UTC_Data1699999999999 ", 10_000)},
		{"large, with text of a camera.jpg", jpg, bigPhoto + strings.Repeat("Image_UTC_Data1699999999999 ", 10_000)},
		{"large, with a table of a camera.jpg", jpg, bigPhoto + strings.Repeat("\x01\x02"+zeros(30), 3000)},
		{"large, with a clip.jpg", jpg, bigPhoto + noise(100_000)},
		{"with padding.jpg", jpg, photo + zeros(1_000_000)},
		{"with spaces.jpg", jpg, photo + strings.Repeat(" ", 100_001)},
		{"with large segments.jpg", jpg, photo[:2] + strings.Repeat(segment(0xE1, noise(65_533)), 40) + photo[2:]},
		{"progressive.jpg", jpg, progressive(photo)},
		{"with a wrong length.jpg", jpg, photo[:2] + segment(0xE1, "Exif\x00\x00"+zeros(100)) + zeros(3) + photo[2:]},
		{"with a fill byte.jpg", jpg, photo[:2] + "\xff" + photo[2:]},
		{"with a picture after it.jpg", jpg, photo + photo},
		{"screenshot.png", pngs, screenshot},
		{"of a page.png", pngs, screenshot[:33] + be32(17) + "tEXtXML\x00<svg><body>" + be32(0) + screenshot[33:]},
		{"with padding.png", pngs, screenshot + zeros(100_000)},
		{"with a record after it.png", pngs, screenshot + strings.Repeat("CgBI", 3000)},
		{"banner.gif", gifs, banner},
		{"with padding.gif", gifs, banner + zeros(2774)},
		{"with much padding.gif", gifs, banner + strings.Repeat("\xff", 200_000)},
		{"large, with padding.gif", gifs, large + zeros(200_000)},
		{"with a byte more.gif", gifs, banner + "\x00"},
		{"about markup.gif", gifs, banner[:25] + "!\xfe\x19<script>alert(1)</script>\x00" + banner[25:]},
		{"2592 pixels wide.gif", gifs, "GIF89a\x20\x0a\x60\x03\x00\x00\x00," + zeros(9) + "\x02\x02\x44\x01\x00;"},
		{"61 pixels wide.gif", gifs, "GIF89a=\x00=\x00\x00\x00\x00," + zeros(9) + "\x02\x02\x44\x01\x00;"},
		{"lossy.webp", webp, riff("WEBP", "VP8 "+le32(400)+vp8)},
		{"with a length that is off.webp", webp, "RIFF" + le32(500) + "WEBPVP8 " + le32(400) + vp8},
		{"lossless.webp", webp, riff("WEBP", "VP8L"+le32(400)+"\x2f\x2b\xc1\x31\x00"+zeros(395))},
		{"extended.webp", webp, riff("WEBP", "VP8X"+le32(10)+zeros(10)+"VP8L"+le32(400)+zeros(400))},
		{"tagged.mp3", mp3, id3(2000) + frames(20)},
		{"art larger than the beginning.mp3", mp3, id3(100_000) + zeros(1000) + frames(20)},
		{"two tags.mp3", mp3, id3(300) + id3(20_000) + frames(20) + "TAG" + zeros(125)},
		{"about markup.mp3", mp3, "ID3\x04\x00\x00\x00\x00\x08\x00" + "<html><body>" + zeros(1024-12) + frames(20)},
		{"bare.mp3", mp3, frames(20)},
		{"cut out of a stream.mp3", mp3, frames(20)[100:]},
		{"one frame.mp3", mp3, id3(100) + frames(1)},
		{"two frames and a tag.mp3", mp3, id3(100) + frames(2) + "TAG" + zeros(125)},
		{"one frame and tags.mp3", mp3, frames(1) + ape(300) + "TAG" + zeros(125)},
		{"a frame and lyrics.mp3", mp3, frames(1) + "LYRICSBEGIN" + zeros(50) + "000061LYRICS200" + "TAG" + zeros(125)},
		{"two frames and padding.mp3", mp3, frames(2) + zeros(5000)},
		{"after zeros.mp3", mp3, zeros(3000) + frames(20)},
		{"recording.wav", wav, riff("WAVE", "fmt "+le32(16)+zeros(16)+"data"+le32(400)+zeros(400))},
		{"into a pipe.wav", wav, "RIFF\xff\xff\xff\xffWAVEfmt " + le32(16) + zeros(16) + "data\xff\xff\xff\xff" + zeros(400)},
		{"into a pipe by sox.wav", wav, "RIFF\x24\xf0\xff\x7fWAVEfmt " + le32(16) + zeros(16) + "data\x00\xf0\xff\x7f" + zeros(400)},
		{"without a length.wav", wav, "RIFF\x00\x00\x00\x00WAVEfmt " + le32(16) + zeros(16) + "data\x00\x00\x00\x00" + zeros(400)},
		{"large.wav", wav, "RF64\xff\xff\xff\xffWAVEds64" + le32(28) + zeros(28) + "fmt " + le32(16) + zeros(16) + "data\xff\xff\xff\xff" + zeros(400)},
		{"with a length that is too large.wav", wav, "RIFF" + le32(40+400+148) + "WAVEfmt " + le32(16) + zeros(16) + "data" + le32(400) + zeros(400)},
		{"with a length that is too small.wav", wav, "RIFF" + le32(100) + "WAVEfmt " + le32(16) + zeros(16) + "data" + le32(400) + zeros(400)},
		{"with data that count their header.wav", wav, "RIFF" + le32(440) + "WAVEfmt " + le32(16) + zeros(16) + "data" + le32(444) + zeros(400)},
		{"big-endian.wav", wav, "RIFX" + be32(436) + "WAVEfmt " + be32(16) + zeros(16) + "data" + be32(400) + zeros(400)},
		{"broadcast.wav", wav, riff("WAVE", "bext"+le32(602)+zeros(602)+"fmt "+le32(16)+zeros(16)+"data"+le32(401)+zeros(402)+"LIST"+le32(4)+"INFO")},
		{"minimal.pdf", pdf, minimalPDF},
		{"with a line before.pdf", pdf, "\n" + minimalPDF + "\r\n"},
		{"out of a printer's queue.pdf", pdf, "\x1b%-12345X@PJL JOB NAME=\"a\"\r\n@PJL ENTER LANGUAGE=PDF\r\n" + minimalPDF + "\x1b%-12345X@PJL EOJ\r\n"},
		{"after a reset of a printer.pdf", pdf, "\x1bE\x1b%-12345X@PJL\r\n" + minimalPDF},
		{"with a ticket.pdf", pdf, "%%DEBUT: 1\n%%COULEUR: QU\n" + minimalPDF},
		{"with a wrong offset.pdf", pdf, strings.Replace(minimalPDF, "startxref\n116", "startxref\n99", 1)},
		{"with a cross-reference stream.pdf", pdf, streamPDF},
		{"with padding.pdf", pdf, minimalPDF + zeros(100_000)},
		{"by word.docx", docx, office(t, docx, "word/styles.xml", "docProps/app.xml")},
		{"by libreoffice.docx", docx, documentOf(t, reversed(parts(docx)))},
		{"by excel.xlsx", xlsx, office(t, xlsx, "xl/worksheets/sheet1.xml")},
		{"by powerpoint.pptx", pptx, office(t, pptx, "ppt/slides/slide1.xml")},
		{"with pictures.pptx", pptx, office(t, pptx, numbered("ppt/media/image", 700)...)},
		{"with more pictures.pptx", pptx, office(t, pptx, numbered("ppt/media/image", 1000)...)},
		{"with types in the middle.pptx", pptx, documentOf(t, append(append(pictures(300), parts(pptx)...), pictures(300)...))},
		{"by its parts.docx", docx, archive(t, "[Content_Types].xml", "_rels/.rels", "word/document.xml")},
		{"with a workbook with macros in it.docx", docx, documentOf(t, append([]part{
			typesOf("word/document.xml", wordMain, "word/embeddings/a.xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12"),
		}, parts(docx)[1:]...))},
		{"with other names.docx", docx, documentOf(t, renamedParts)},
		{"with types in UTF-16.xlsx", xlsx, documentOf(t, inUTF16(parts(xlsx)))},
		{"with capitals.xlsx", xlsx, documentOf(t, append(parts(xlsx), part{"XL/SHAREDSTRINGS.XML", "<sst/>"}))},
		{"protected.docx", docx, compound(1<<9, "EncryptedPackage", "EncryptionInfo")},
		{"protected in capitals.docx", docx, compound(1<<9, "ENCRYPTEDPACKAGE", "ENCRYPTIONINFO")},
		{"protected, with a notice.docx", docx, compound(1<<9, "EncryptedPackage", "EncryptionInfo", "WordDocument", "ObjectPool")},
		{"protected for some people.docx", docx, compound(1<<9, "EncryptedPackage", "\x06DataSpaces", "DRMContent")},
		{"protected, with many streams.docx", docx, compound(1<<9, append(numbered("stream", 40), "EncryptedPackage", "EncryptionInfo")...)},
		{"protected, in large sectors.docx", docx, compound(1<<12, append(numbered("stream", 40), "EncryptedPackage", "EncryptionInfo")...)},
		{"plain.txt", txt, "Grüße\nBMW\n"},
		{"long.txt", txt, strings.Repeat("日本語\n", 9999)},
		{"with separators.txt", txt, strings.Repeat("日本語\x1f", 9999)},
		{"latin.txt", txt, strings.Repeat("Gr\xfc\xdfe, se\xf1or\r\n", 3000) + "\x1a"},
		{"japanese.txt", txt, "\x1b$BF|K\\8l\x1b(B\n\xff"},
		{"notepad.txt", txt, "\xff\xfe" + utf16le(strings.Repeat("Gr\u00fc\u00dfe\n", 9999))},
		{"about markup.txt", txt, "To begin a page, write <html>, and <script> for a script.\n"},
		{"with a note.txt", txt, "<!--\nNote: this is filled in by the program -->\nThe answer is 1 < 2.\n"},
		{"with a note and mail.txt", txt, "<!-- a -->\nAnna <anna@example.com>, 1 < 2, <name>\n"},
		{"with notes.txt", txt, "<!-- a --> <!-- <b> -->\nplain\n"},
		{"chat.txt", txt, "<anna> hello\n<ben> hi\n"},
		{"table.csv", csv, "a,b\n1,\"x\ny\"\n"},
		{"by excel.csv", csv, "\xef\xbb\xbfa;b\r\n1;ü\r\n"},
		{"files.zip", zips, archive(t, "a.txt", "b/c.txt")},
		{"with a page first.zip", zips, stored(t, "index.html", "<!doctype html><script>1</script>")},
		{"with a document first.zip", zips, stored(t, "a.pdf", minimalPDF)},
		{"with a comment.zip", zips, commented(t, "made by hand")},
		{"with a long comment.zip", zips, commented(t, strings.Repeat("x", 22_781))},
		{"with the longest comment.zip", zips, commented(t, strings.Repeat("x", 65_535))},
		{"with a name like a locator.zip", zips, archive(t, "a.txt", "PK\x06\x07"+strings.Repeat("a", 16))},
		{"with a name like a record.zip", zips, archive(t, "a.txt", "PK\x06\x06"+strings.Repeat("a", 16))},
		{"large.zip", zips, large64(t)},
		{"empty.zip", zips, archive(t)},
		{"many files.zip", zips, archive(t, numbered("photos/", 5000)...)},
		{"program.zip", zips, archive(t, "META-INF/MANIFEST.MF", "Main.class")},
	}
}

func zeros(n int) string { return strings.Repeat("\x00", n) }

func be32(n int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }
func be64(n int) string { return string(binary.BigEndian.AppendUint64(nil, uint64(n))) }
func le64(n int) string { return string(binary.LittleEndian.AppendUint64(nil, uint64(n))) }
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

// ape is a tag with a header and a footer, and size bytes between them.
func ape(size int) string {
	end := "APETAGEX" + le32(2000) + le32(size+32) + le32(1)
	return end + le32(0xA0000000) + zeros(8) + zeros(size) + end + le32(0x80000000) + zeros(8)
}

// segment is one of a JPEG.
func segment(marker byte, content string) string {
	return string([]byte{0xFF, marker, byte((len(content) + 2) >> 8), byte(len(content) + 2)}) + content
}

// progressive is a JPEG with the tables and the scan of another one twice.
func progressive(photo string) string {
	scan := strings.Index(photo, "\xff\xda")
	return strings.Replace(photo[:len(photo)-2], "\xff\xc0", "\xff\xc2", 1) + segment(0xC4, zeros(20)) + photo[scan:]
}

// noise is bytes in which nothing repeats, the same each time.
func noise(n int) string {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return string(b)
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

const streamPDF = "%PDF-1.5\n1 0 obj\n<< /Type /Catalog >>\nendobj\n2 0 obj\n<< /Type /XRef /Size 3 /Root 1 0 R /W [1 1 1] /Length 9 >>\nstream\n123456789\nendstream\nendobj\n" +
	"startxref\n45\n%%EOF\n"

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

// compound is a compound file with these streams, each of 4,096 bytes. The sectors of its directory do not follow each
// other: every other sector is filling.
func compound(sector int, names ...string) string {
	var directory strings.Builder
	for i, name := range append([]string{"Root Entry"}, names...) {
		kind := "\x02"
		if i == 0 {
			kind = "\x05"
		}
		entry := utf16le(name)
		entry += zeros(64-len(entry)) + string([]byte{byte(len(entry) + 2), 0}) + kind + "\x01" + zeros(48) + le32(0) + le32(4096) + le32(0)
		directory.WriteString(entry)
	}
	count := (directory.Len() + sector - 1) / sector
	padded := directory.String() + zeros(count*sector-directory.Len())
	table := le32(0xFFFFFFFD) // of itself, in sector 0
	sectors := ""
	for i := range count {
		next := 2*i + 3
		if i == count-1 {
			next = 0xFFFFFFFE
		}
		table += le32(next) + le32(0xFFFFFFFF)
		sectors += padded[i*sector:][:sector] + strings.Repeat("\xee", sector)
	}
	shift := map[int]string{1 << 9: "\x09", 1 << 12: "\x0c"}[sector]
	header := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + zeros(16) + "\x3e\x00\x03\x00\xfe\xff" + shift + "\x00\x06\x00" + zeros(10) + le32(1) + le32(1) +
		zeros(16) + le32(0xFFFFFFFE) + zeros(4) + le32(0) + strings.Repeat(le32(0xFFFFFFFF), 108)
	return header + zeros(sector-len(header)) + table + zeros(sector-len(table)) + sectors
}

func utf16le(s string) string {
	var b []byte
	for _, r := range s {
		b = binary.LittleEndian.AppendUint16(b, uint16(r))
	}
	return string(b)
}
