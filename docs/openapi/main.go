// Openapi writes docs/openapi.json, the document of the API, from the route table and the types of api.
// It runs in the repository's root:
//
//	go run ./docs/openapi
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// Where the document lies, and the sources it is made from, below the repository's root.
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

// write makes the document of the repository at root.
func write(root string) error {
	document, err := generate(root)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, documentFile), document, 0o644)
}
