package media

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxParts    = 24 << 10 // bytes, packed, that are kept for the parts of a document
	maxUnpacked = 4 << 20  // bytes of one of them
)

// office recognizes a document of Office, by its content types and relationships. It returns nil for any other archive
// and for a document whose parts cannot be read. Whether a document has macros is told by the types, whatever the names
// of its parts are.
// Source: ECMA-376, part 2, sections 7.2 and 7.3; [MS-OFFMACRO], section 2.
func (f *file) office() kind {
	types, ok := f.part("[Content_Types].xml")
	if !ok {
		return nil
	}
	contentTypes, ok := attributes(types, "ContentType")
	if !ok {
		return nil
	}
	roots, ok := f.relationships("_rels/.rels")
	if !ok {
		return nil
	}
	main := f.mainPart(roots)
	links, ok := f.relationships(path.Join(path.Dir(main), "_rels", path.Base(main)+".rels"))
	if !ok {
		return nil
	}
	application := applicationOf(contentTypes, main)
	if application == nil {
		return nil
	}
	if f.hasMacros(contentTypes, append(roots, links...)) {
		return application.withMacros(contentTypes)
	}
	return application.kind
}

// An application is a program of Office.
type application struct {
	kind, macros kind
	main         string   // the part that a document begins with, mostly
	types        []string // what the content types of that part contain
}

var applications = []application{
	{docx, docm, "word/document.xml", []string{"wordprocessingml.document.main", "wordprocessingml.template.main", "ms-word.document.macroenabled.main", "ms-word.template.macroenabledtemplate.main"}},
	{xlsx, xlsm, "xl/workbook.xml", []string{"spreadsheetml.sheet.main", "spreadsheetml.template.main", "ms-excel.sheet.macroenabled.main", "ms-excel.sheet.binary.macroenabled.main", "ms-excel.template.macroenabled.main", "ms-excel.addin.macroenabled.main"}},
	{pptx, pptm, "ppt/presentation.xml", []string{"presentationml.presentation.main", "presentationml.slideshow.main", "presentationml.template.main", ".macroenabled.main"}},
}

// applicationOf returns the application of a document, by its content types, and if they tell of none by its main part.
func applicationOf(contentTypes []string, main string) *application {
	for i, a := range applications {
		if hasAny(contentTypes, a.types...) {
			return &applications[i]
		}
	}
	for i, a := range applications {
		if strings.EqualFold(main, a.main) {
			return &applications[i]
		}
	}
	return nil
}

func (a *application) withMacros(contentTypes []string) kind {
	if hasAny(contentTypes, "sheet.binary.macroenabled.main") {
		return xlsb
	}
	return a.macros
}

// hasMacros decides by the content types, the types of the relationships, and the usual name of macros.
func (f *file) hasMacros(contentTypes []string, links []link) bool {
	isMacro := func(contentType string) bool { // of a main part: a document may have others embedded
		return strings.Contains(contentType, "macroenabled") && strings.Contains(contentType, ".main")
	}
	if slices.ContainsFunc(contentTypes, isMacro) || hasAny(contentTypes, "vbaproject", "vbadata", "macrosheet") {
		return true
	}
	for _, link := range links {
		if hasAny([]string{strings.ToLower(link.kind)}, "vbaproject", "vbadata", "macrosheet") {
			return true
		}
	}
	return slices.ContainsFunc(f.entries.entries, func(e entry) bool { return strings.HasSuffix(strings.ToLower(e.name), "vbaproject.bin") })
}

// hasAny reports whether one of the values, in lower case, contains one of the signs.
func hasAny(values []string, signs ...string) bool {
	return slices.ContainsFunc(values, func(value string) bool {
		return slices.ContainsFunc(signs, func(sign string) bool { return strings.Contains(value, sign) })
	})
}

// mainPart returns the name of the part that the package begins with, or if nothing says so, the usual one that there is.
func (f *file) mainPart(roots []link) string {
	for _, root := range roots {
		if strings.HasSuffix(strings.ToLower(root.kind), "/officedocument") && f.entry(root.target) != nil {
			return root.target
		}
	}
	for _, a := range applications {
		if f.entry(a.main) != nil {
			return a.main
		}
	}
	return ""
}

// A link is a relationship of a package.
type link struct {
	kind, target string
}

// relationships reads a part with relationships. There are none if there is no such part; it reports false if the part
// cannot be read.
func (f *file) relationships(name string) ([]link, bool) {
	if f.entry(name) == nil {
		return nil, true
	}
	content, ok := f.part(name)
	if !ok {
		return nil, false
	}
	var links []link
	ok = elements(content, func(e xml.StartElement) {
		var l link
		for _, attribute := range e.Attr {
			switch attribute.Name.Local {
			case "Type":
				l.kind = attribute.Value
			case "Target":
				l.target = strings.TrimPrefix(path.Clean("/"+attribute.Value), "/")
			}
		}
		links = append(links, l)
	})
	return links, ok
}

// attributes returns the values of an attribute of all elements, in lower case.
func attributes(content []byte, name string) (values []string, ok bool) {
	ok = elements(content, func(e xml.StartElement) {
		for _, attribute := range e.Attr {
			if attribute.Name.Local == name {
				values = append(values, strings.ToLower(attribute.Value))
			}
		}
	})
	return values, ok
}

// elements visits every element of XML. It reports false if it is none, or has a document type, which packages must not
// have.
func elements(content []byte, visit func(xml.StartElement)) bool {
	decoder := xml.NewDecoder(bytes.NewReader(utf8Of(content)))
	decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	for {
		token, err := decoder.Token()
		switch token := token.(type) {
		case xml.StartElement:
			visit(token)
		case xml.Directive:
			return false
		}
		if err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// utf8Of returns XML in UTF-8 that may be in UTF-16.
func utf8Of(content []byte) []byte {
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xfe")), bytes.HasPrefix(content, []byte("<\x00")):
		content = decode(content, binary.LittleEndian)
	case bytes.HasPrefix(content, []byte("\xfe\xff")), bytes.HasPrefix(content, []byte("\x00<")):
		content = decode(content, binary.BigEndian)
	}
	if !utf8.Valid(content) {
		content = bytes.ToValidUTF8(content, []byte("?"))
	}
	return bytes.TrimPrefix(content, []byte("\ufeff"))
}

// entry returns the only entry of a name, as Office compares names, or nil if there is none or more than one.
func (f *file) entry(name string) *entry {
	var found *entry
	for i, e := range f.entries.entries {
		if strings.EqualFold(strings.ReplaceAll(e.name, `\`, "/"), name) {
			if found != nil {
				return nil
			}
			found = &f.entries.entries[i]
		}
	}
	return found
}

// part unpacks a part of a document.
func (f *file) part(name string) ([]byte, bool) {
	const (
		headerLength    = 30
		stored, deflate = 0, 8
		secret          = 1
	)
	e := f.entry(name)
	if e == nil || e.flags&secret != 0 || e.packed > uint64(max(f.left-headerLength, 0)) {
		return nil, false
	}
	header := f.at(e.offset, headerLength)
	if !bytes.HasPrefix(header, []byte(zipEntry)) {
		return nil, false
	}
	nameLength, extraLength := int64(binary.LittleEndian.Uint16(header[26:])), int64(binary.LittleEndian.Uint16(header[28:]))
	if nameLength != int64(len(e.name)) || string(f.at(e.offset+headerLength, nameLength)) != e.name {
		return nil, false
	}
	packed := f.at(e.offset+headerLength+nameLength+extraLength, int64(e.packed))
	switch {
	case packed == nil:
		return nil, false
	case e.method == stored:
		return packed, true
	case e.method != deflate:
		return nil, false
	}
	content, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxUnpacked+1))
	return content, err == nil && len(content) <= maxUnpacked
}
