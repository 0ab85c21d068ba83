package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// assembly writes an assembly whose stacks' templates are the given ones, by name.
func assembly(t *testing.T, templates map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	var artifacts []string
	for stack, template := range templates {
		artifacts = append(artifacts, fmt.Sprintf(`%q: {"type": "aws:cloudformation:stack", "properties": {"templateFile": "%s.json"}}`, stack, stack))
		write(t, filepath.Join(folder, stack+".json"), template)
	}
	write(t, filepath.Join(folder, "manifest.json"), `{"artifacts": {`+strings.Join(artifacts, ",")+`}}`)
	return folder
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestExitCodes(t *testing.T) {
	b, err := os.ReadFile("../stack/testdata/prod.template.json")
	if err != nil {
		t.Fatal(err)
	}
	prod := string(b)
	renamed := strings.ReplaceAll(prod, "UploadsTableFE9AB9DB", "RecordsA1B2C3D4")
	open := strings.Replace(prod, `"EndpointAccessMode": "STRICT"`, `"EndpointAccessMode": "BASIC"`, 1)
	for _, test := range []struct {
		name         string
		base, change string
		more         []string
		want         int
		says         string // on stdout, or on stderr for wrong usage
	}{
		{"same", prod, prod, nil, nothing, "No change."},
		{"finding", prod, open, nil, stop, "EndpointAccessMode is BASIC"},
		{"destructive", prod, renamed, nil, stop, "this orphans your data"},
		{"allowed", prod, renamed, []string{"-allow-destructive=1"}, nothing, "**Allowed: 1 resource"},
		{"allowed with a finding", prod, open, []string{"-allow-destructive=1"}, stop, "**Stop: 1 finding.**"},
		{"names", prod, prod, []string{"-base-name", "main", "-change-name", "x`y"}, nothing, "# What `x'y` does to the stages, from `main`"},
		{"template that does not parse", prod, "{", nil, misused, "error: reading the change: template of Postern-prod must be JSON"},
		{"template of nothing", "{}", prod, nil, misused, "error: reading the base: template of Postern-prod must have Resources"},
		{"unknown flag", prod, prod, []string{"-x"}, misused, "flag provided but not defined: -x"},
		{"argument", prod, prod, []string{"x"}, misused, "error: -base and -change must be folders"},
	} {
		t.Run(test.name, func(t *testing.T) {
			arguments := append([]string{
				"-base", assembly(t, map[string]string{"Postern-prod": test.base}), "-base-pages", "../../docs/runbook",
				"-change", assembly(t, map[string]string{"Postern-prod": test.change}), "-change-pages", "../../docs/runbook",
			}, test.more...)
			var stdout, stderr bytes.Buffer
			if got := run(arguments, &stdout, &stderr); got != test.want {
				t.Errorf("exit code: got %d, want %d", got, test.want)
			}
			said := stdout.String()
			if test.want == misused {
				said = stderr.String()
			}
			if !strings.Contains(said, test.says) {
				t.Errorf("got %s\nwant %s", said, test.says)
			}
		})
	}
}

func TestWithoutAssembly(t *testing.T) {
	var stdout, stderr bytes.Buffer
	got := run([]string{"-base", t.TempDir(), "-change", t.TempDir()}, &stdout, &stderr)
	if got != misused || !strings.Contains(stderr.String(), "manifest.json does not exist") || stdout.Len() > 0 {
		t.Errorf("got exit code %d, %q and %q", got, stdout.String(), stderr.String())
	}
}

// TestWrongUsage starts the script with what it must refuse before it builds anything.
func TestWrongUsage(t *testing.T) {
	for _, test := range []struct{ variable, want string }{
		{"BASE=no-such-commit", "error: BASE must be a commit of this clone, and no-such-commit is none"},
		{"BASE=--help", "error: BASE must be a commit of this clone, and --help is none"},
	} {
		t.Run(test.variable, func(t *testing.T) {
			if err := exec.CommandContext(t.Context(), "git", "rev-parse", "HEAD").Run(); err != nil {
				t.Skip("this folder is no clone")
			}
			command := exec.CommandContext(t.Context(), "./review.sh")
			command.Env = append(os.Environ(), test.variable)
			var stdout, stderr bytes.Buffer
			command.Stdout, command.Stderr = &stdout, &stderr
			_ = command.Run()
			if got := command.ProcessState.ExitCode(); got != misused {
				t.Errorf("exit code: got %d, want %d", got, misused)
			}
			if got := stderr.String(); !strings.HasPrefix(got, test.want) || strings.Count(got, "\n") != 1 || stdout.Len() > 0 {
				t.Errorf("got %q and %q, want the line %q", got, stdout.String(), test.want)
			}
		})
	}
}
