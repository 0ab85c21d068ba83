package media_test

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A part is a file in a document of Office.
type part struct{ name, content string }

const (
	contentTypes  = "[Content_Types].xml"
	officeLink    = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
	macroLink     = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
	wordMain      = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
	macroMain     = "application/vnd.ms-word.document.macroEnabled.main+xml"
	macroProject  = "application/vnd.ms-office.vbaProject"
	xmlDefinition = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`
)

// typesOf is the part with the content types, by part names.
func typesOf(overrides ...string) part {
	content := xmlDefinition + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/>` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="jpg" ContentType="image/jpeg"/>`
	for i := 0; i < len(overrides); i += 2 {
		content += fmt.Sprintf(`<Override PartName="/%s" ContentType="%s"/>`, overrides[i], overrides[i+1])
	}
	return part{contentTypes, content + "</Types>"}
}

// linksOf is a part with relationships, by types and targets.
func linksOf(name string, links ...string) part {
	content := xmlDefinition + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	for i := 0; i < len(links); i += 2 {
		content += fmt.Sprintf(`<Relationship Id="r%d" Type="%s" Target="%s"/>`, i, links[i], links[i+1])
	}
	return part{name, content + "</Relationships>"}
}

// parts are those that every document of a content type has.
func parts(contentType string) []part {
	main := map[string]string{docx: "word/document.xml", xlsx: "xl/workbook.xml", pptx: "ppt/presentation.xml"}[contentType]
	folder, name, _ := strings.Cut(main, "/")
	return []part{
		typesOf(main, contentType+".main+xml"),
		linksOf("_rels/.rels", officeLink, main),
		{main, "<x/>"},
		linksOf(folder+"/_rels/"+name+".rels", "http://schemas.openxmlformats.org/officeDocument/2006/relationships/theme", "theme/theme1.xml"),
	}
}

// renamedParts are those of a document whose parts are not where they mostly are.
var renamedParts = []part{
	typesOf("content/main.xml", wordMain),
	linksOf("_rels/.rels", officeLink, "/content/main.xml"),
	{"content/main.xml", "<x/>"},
}

// withMacros are the parts of a document whose macros have a name of their own, and which does not say what they are in
// its content types.
func withMacros(main string) []part {
	return []part{
		typesOf("word/document.xml", main),
		linksOf("_rels/.rels", officeLink, "word/document.xml"),
		{"word/document.xml", "<x/>"},
		linksOf("word/_rels/document.xml.rels", macroLink, "data1.bin"),
		{"word/data1.bin", compound(1<<9, "VBA", "_VBA_PROJECT")},
	}
}

func documentOf(t testing.TB, parts []part) string {
	t.Helper()
	return zipped(t, func(w *zip.Writer) error {
		for _, part := range parts {
			entry, err := w.Create(part.name)
			if err != nil {
				return err
			}
			if _, err := entry.Write([]byte(part.content)); err != nil {
				return err
			}
		}
		return nil
	})
}

// office is a document with some more parts.
func office(t testing.TB, contentType string, names ...string) string {
	t.Helper()
	all := parts(contentType)
	for _, name := range names {
		all = append(all, part{name, "<x/>"})
	}
	return documentOf(t, all)
}

func pictures(n int) []part {
	var all []part
	for _, name := range numbered("ppt/media/image", n) {
		all = append(all, part{name, "\xff\xd8"})
	}
	return all
}

func reversed(parts []part) []part {
	slices.Reverse(parts)
	return parts
}

// inUTF16 writes the content types in UTF-16.
func inUTF16(parts []part) []part {
	parts[0].content = "\xff\xfe" + utf16le(strings.Replace(parts[0].content, "UTF-8", "UTF-16", 1))
	return parts
}

// large64 is an archive with the records of a large one.
func large64(t testing.TB) string {
	t.Helper()
	whole := archive(t, "a.txt")
	end := len(whole) - 22
	directory := int(binary.LittleEndian.Uint32([]byte(whole[end+16:])))
	record := "PK\x06\x06" + le64(44) + "\x2d\x00\x2d\x00" + zeros(8) + le64(1) + le64(1) + le64(end-directory) + le64(directory)
	return whole[:end] + record + "PK\x06\x07" + zeros(4) + le64(end) + le32(1) + "PK\x05\x06" + zeros(4) + strings.Repeat("\xff", 12) + "\x00\x00"
}
