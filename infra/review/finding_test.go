package review_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/infra/review"
	"postern/internal/cfn"
)

// golden reads the expected template of a stage: the one that infra/stack synthesizes.
func golden(t *testing.T, stage string) *cfn.Template {
	t.Helper()
	template, err := cfn.ReadTemplate("Postern-"+stage, "../stack/testdata/"+stage+".template.json")
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// pages lists the runbook's.
func pages(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../docs/runbook/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d pages of the runbook, error %v", len(files), err)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".md")
	}
	return files
}

func TestNoFindings(t *testing.T) {
	for _, stage := range []string{"dev", "prod", "choices"} {
		for _, f := range review.Findings(golden(t, stage), pages(t)) {
			t.Errorf("%s: %s (%s)", stage, f, f.Rule)
		}
	}
}

// TestStageWithoutTraces: a stage may do without, if it does so altogether.
func TestStageWithoutTraces(t *testing.T) {
	template := golden(t, "prod")
	for id, r := range template.Resources {
		delete(r.Properties, "TracingConfig")
		if statements, ok := r.At("Policies/0/PolicyDocument/Statement").([]any); ok {
			document := r.At("Policies/0/PolicyDocument").(map[string]any)
			document["Statement"] = slices.DeleteFunc(statements, func(s any) bool { return s.(map[string]any)["Sid"] == "Traces" })
		}
		template.Resources[id] = r
	}
	for _, f := range review.Findings(template, pages(t)) {
		t.Errorf("%s (%s)", f, f.Rule)
	}
}

// TestRowsOfSecurity compares the rules with the tests of the stack that docs/security.md names: each has a rule, and each
// rule has such a test.
func TestRowsOfSecurity(t *testing.T) {
	b, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, match := range regexp.MustCompile("`infra/stack/(Test[A-Za-z]+)`").FindAllStringSubmatch(string(b), -1) {
		want = append(want, match[1])
	}
	slices.Sort(want)
	if diff := cmp.Diff(review.Rows(), slices.Compact(want)); diff != "" {
		t.Errorf("rows (-got +want):\n%s", diff)
	}
}
