package main

import (
	"os"
	"path/filepath"

	"postern/internal/cfn"
)

// writePolicies writes the policies of the roles of an assembly into a folder, a file each.
func writePolicies(assembly, folder string) error {
	policies, err := cfn.Policies(assembly)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, p := range policies {
		if err := os.WriteFile(filepath.Join(folder, p.Name+".json"), p.Document, 0o600); err != nil {
			return err
		}
	}
	return nil
}
