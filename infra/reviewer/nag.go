package main

import (
	"fmt"
	"os"
	"path/filepath"

	"postern/infra/review"
	"postern/internal/cfn"
)

// packs are the packs of rules that infra/nag has.
var packs = []string{"AwsSolutions", "Serverless"}

// nagFindings returns what cdk-nag found in an assembly's stacks, by their names. Without a folder it is nil. Each stack must
// have a report of each pack.
func nagFindings(folder string) (map[string][]review.Finding, error) {
	if folder == "" {
		return nil, nil
	}
	templates, err := cfn.Templates(folder)
	if err != nil {
		return nil, err
	}
	all := map[string][]review.Finding{}
	for _, t := range templates {
		var reports [][]byte
		for _, pack := range packs {
			report, err := os.ReadFile(filepath.Join(folder, fmt.Sprintf("%s--%s-NagReport.json", pack, t.Stack)))
			if err != nil {
				return nil, err
			}
			reports = append(reports, report)
		}
		if all[t.Stack], err = review.NagFindings(t, reports...); err != nil {
			return nil, err
		}
	}
	return all, nil
}
