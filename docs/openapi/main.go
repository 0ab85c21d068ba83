// Openapi writes docs/openapi.json, the API's document, from the route table and the types of package api.
// It runs in the repository's root:
//
//	go run ./docs/openapi
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"postern/internal/contract"
)

// The document, and the sources of its types, below the repository's root.
const (
	documentFile = "docs/openapi.json"
	typesFolder  = "api"
)

func main() {
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

// write writes the document of the repository at root.
func write(root string) error {
	document, err := generate(root)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, documentFile), document, 0o644)
}

// generate returns the document of the repository at root as indented JSON. The same sources give the same bytes.
func generate(root string) ([]byte, error) {
	comments, err := readComments(filepath.Join(root, typesFolder))
	if err != nil {
		return nil, err
	}
	document, err := describe(contract.Routes, comments)
	if err != nil {
		return nil, err
	}
	return encode(document)
}

// encode returns the document as JSON that people can read: indented, without escapes for <, > and &.
func encode(document *openapi3.T) ([]byte, error) {
	compact, err := document.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encoding the document: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(compact))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("decoding the document: %w", err)
	}
	var indented bytes.Buffer
	encoder := json.NewEncoder(&indented)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("indenting the document: %w", err)
	}
	return indented.Bytes(), nil
}

// comments holds the doc comments of struct types, each on one line: a type's under its name, a field's under
// Type.Field.
type comments map[string]string

// readComments reads the comments of a folder's Go files, without its tests.
func readComments(folder string) (comments, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", folder, err)
	}
	read := comments{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("reading the doc comments of %s: %w", file, err)
		}
		for _, declaration := range parsed.Decls {
			if general, ok := declaration.(*ast.GenDecl); ok && general.Tok == token.TYPE {
				read.add(general)
			}
		}
	}
	return read, nil
}

func (c comments) add(declaration *ast.GenDecl) {
	for _, spec := range declaration.Specs {
		named := spec.(*ast.TypeSpec)
		structure, ok := named.Type.(*ast.StructType)
		if !ok {
			continue
		}
		c[named.Name.Name] = oneLine(declaration.Doc)
		for _, field := range structure.Fields.List {
			for _, name := range field.Names {
				c[named.Name.Name+"."+name.Name] = oneLine(field.Doc)
			}
		}
	}
}

func oneLine(comment *ast.CommentGroup) string {
	return strings.Join(strings.Fields(comment.Text()), " ")
}
