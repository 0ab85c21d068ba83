package e2e_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"postern/local/clip"
)

// A block is a fenced block of a page.
type block struct {
	language, text string
}

// TestReadmeRuns does what a newcomer would: in one folder and in order, it runs what the README's section Run says, then
// every block of its section Call, the samples of the clients' page, and the attacks of the README's section Security.
func TestReadmeRuns(t *testing.T) {
	requireLocal(t)
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Log("skipped: curl is not installed")
		return
	}
	readme, clients := readBlocks(t, "README.md"), readBlocks(t, "docs/clients.md")
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "intro.mp4"), clip.MP4(), 0o600); err != nil {
		t.Fatal(err)
	}
	here := strings.NewReplacer("http://127.0.0.1:8080/api", strings.TrimSuffix(runBlock(t, readme["Run"][0]), "/"))
	for _, section := range []struct {
		name   string
		blocks []block
		wants  []string // what each block prints when it has worked
	}{
		{"Call", readme["Call"], []string{`"method":"PUT"`, "200", `"status":"ready"`, "204"}},
		{"Samples", clients["Samples"], []string{".csv", "200 ", "200 "}},
		{"Security", readme["Security"], []string{"403\n403\n403\n"}},
	} {
		if len(section.blocks) != len(section.wants) {
			t.Fatalf("section %s: got %d blocks, want %d", section.name, len(section.blocks), len(section.wants))
		}
		for i, b := range section.blocks {
			t.Run(section.name+" "+b.language, func(t *testing.T) {
				out, ran := execute(t, folder, b.language, here.Replace(b.text))
				if ran && !strings.Contains(out, section.wants[i]) {
					t.Errorf("got %s, want it to contain %q", out, section.wants[i])
				}
			})
		}
	}
}

// readBlocks reads the fenced blocks of a page by section.
func readBlocks(t *testing.T, page string) map[string][]block {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string][]block{}
	var section, language string
	var text strings.Builder
	for line := range strings.Lines(string(content)) {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		heading, isHeading := strings.CutPrefix(line, "## ")
		switch {
		case isFence && language == "":
			language = fence
		case isFence:
			blocks[section] = append(blocks[section], block{language, text.String()})
			language = ""
			text.Reset()
		case language != "":
			text.WriteString(line)
		case isHeading:
			section = strings.TrimSpace(heading)
		}
	}
	return blocks
}

// runBlock runs the block that starts the local run, on free ports, until the test ends, and returns the API's address.
func runBlock(t *testing.T, b block) string {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), "sh", "-ec", b.text)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "PORT=0", "S3_PORT=0", "DATA="+filepath.Join(t.TempDir(), "data"), "MAKEFLAGS=")
	logs, err := os.Create(filepath.Join(t.TempDir(), "logs"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = logs.Close() }()
	cmd.Stderr = logs
	stdout := startGroup(t, cmd, syscall.SIGINT) // all of it gets Ctrl-C, as from a terminal
	ready := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if url, ok := strings.CutPrefix(lines.Text(), "ready: "); ok {
				ready <- url
			}
		}
	}()
	select {
	case url := <-ready:
		return url
	case <-time.After(5 * time.Minute):
		text, _ := os.ReadFile(logs.Name())
		t.Fatalf("%s is not ready after 5 minutes\n%s", b.text, text)
		return ""
	}
}

// execute runs a block's text in a folder and fails the test when the text fails. It reports false when this machine
// lacks what the block needs.
func execute(t *testing.T, folder, language, text string) (out string, ran bool) {
	t.Helper()
	var cmd *exec.Cmd
	switch language {
	case "sh":
		cmd = exec.CommandContext(t.Context(), "sh", "-ec", text)
	case "js":
		cmd = exec.CommandContext(t.Context(), "node", "--input-type=module", "-e", text)
	case "python":
		if exec.CommandContext(t.Context(), "python3", "-c", "import requests").Run() != nil {
			t.Log("skipped: python3 with requests is not installed")
			return "", false
		}
		cmd = exec.CommandContext(t.Context(), "python3", "-c", text)
	case "go":
		if err := os.WriteFile(filepath.Join(folder, "main.go"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd = exec.CommandContext(t.Context(), "go", "run", "main.go")
	default:
		t.Fatalf("a block in %q: the test cannot run it", language)
	}
	cmd.Dir = folder
	b, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\nfailed: %v\n%s", text, err, b)
	}
	return string(b), true
}
