package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"postern/local/iam"
)

// writeGrants writes what the roles are granted and how often it was used, for a report of what nobody needs.
func writeGrants(data string, policies *iam.Policies) error {
	text, err := json.MarshalIndent(policies.Grants(), "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report of grants: %w", err)
	}
	return writePrivate(filepath.Join(data, "grants.json"), string(text)+"\n")
}
