package stack_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/infra/stack"
)

// TestDeployRole compares the whole template with the golden.
func TestDeployRole(t *testing.T) {
	folder := t.TempDir()
	app := newApp(folder)
	if _, err := stack.NewDeployRole(app, "example/postern", stages); err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	got, err := os.ReadFile(filepath.Join(folder, stack.DeployRoleName+".template.json"))
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	path := filepath.Join("testdata", "deployrole.template.json")
	if *update {
		if err := writeFile(path, got); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("%s (-got +want):\n%s", path, diff)
	}
}

func TestDeployRoleRefuses(t *testing.T) {
	for _, repository := range []string{"", "postern", "example/", "*/postern", "example/*", "example/postern:ref", "a/b/c"} {
		if _, err := stack.NewDeployRole(newApp(t.TempDir()), repository, stages); err == nil || !strings.Contains(err.Error(), "deployRole must be a repository of GitHub, owner/name; got") {
			t.Errorf("%q: got %v", repository, err)
		}
	}
}
