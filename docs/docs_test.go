// Package docs_test checks what the pages say against what there is.
package docs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"postern/api"
	"postern/infra/stage"
)

const root = ".."

// pages returns the text of every page of the repository by its path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "bin", "cdk.out", "dist", "node_modules", ".local"}, entry.Name()) {
			return filepath.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			all[path] = read(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("got %d pages, want more", len(all))
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notSlug = regexp.MustCompile(`[^\p{L}\p{N}\- ]`)
)

// anchors returns the anchors of a page, as GitHub makes them of its headings.
func anchors(text string) []string {
	var all []string
	for _, match := range heading.FindAllStringSubmatch(text, -1) {
		all = append(all, strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-"))
	}
	return all
}

func TestLinksLeadSomewhere(t *testing.T) {
	all := pages(t)
	for page, text := range all {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			file, anchor, hasAnchor := strings.Cut(match[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %s is not a file", page, match[1])
			} else if hasAnchor && !slices.Contains(anchors(all[target]), anchor) {
				t.Errorf("%s: %s is not a heading", page, match[1])
			}
		}
	}
}

// TestPathsExist finds a path in backquotes that is gone.
func TestPathsExist(t *testing.T) {
	path := regexp.MustCompile("`((?:api|client|cmd|docs|e2e|infra|internal|lambda|local)/[a-z0-9_./-]*)`")
	for page, text := range pages(t) {
		for _, match := range path.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, match[1])); err != nil {
				t.Errorf("%s: %s does not exist", page, match[1])
			}
		}
	}
}

// TestTargets finds a `make …` that the Makefile does not have.
func TestTargets(t *testing.T) {
	makefile := read(t, filepath.Join(root, "Makefile"))
	command := regexp.MustCompile("(?m)(?:`|^ *)make ([a-z0-9-]+)")
	for page, text := range pages(t) {
		for _, match := range command.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(makefile, "\n"+match[1]+":") {
				t.Errorf("%s: the Makefile has no target %s", page, match[1])
			}
		}
	}
}

// TestActionsArePinned finds an action of the workflows that a moved tag could change.
func TestActionsArePinned(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d workflows, %v", len(files), err)
	}
	pinned := regexp.MustCompile(`@[0-9a-f]{40} # v[0-9.]+$`)
	for _, file := range files {
		for line := range strings.Lines(read(t, file)) {
			if strings.Contains(line, "uses:") && !pinned.MatchString(strings.TrimSpace(line)) {
				t.Errorf("%s: %s is not pinned by its commit", file, strings.TrimSpace(line))
			}
		}
	}
}

func TestReadmeIsShort(t *testing.T) {
	if lines := strings.Count(read(t, filepath.Join(root, "README.md")), "\n"); lines > 200 {
		t.Errorf("the README has %d lines, want at most 200", lines)
	}
}

// TestReadmeTable compares the README's format table with the default one.
func TestReadmeTable(t *testing.T) {
	readme := read(t, filepath.Join(root, "README.md"))
	for name, folder := range stage.DefaultFolders() {
		row := fmt.Sprintf("| `%s` | %s | %s |\n", name, api.FormatSize(folder.MaxSize), strings.Join(slices.Sorted(maps.Keys(folder.Formats)), ", "))
		if !strings.Contains(readme, row) {
			t.Errorf("the README has no row %s", row)
		}
	}
}

// TestReadmeFolders reads the README's example of a stage's folders as the CDK app does.
func TestReadmeFolders(t *testing.T) {
	_, example, _ := strings.Cut(read(t, filepath.Join(root, "README.md")), "```json\n")
	example, _, _ = strings.Cut(example, "```")
	var dev any
	if err := json.Unmarshal([]byte("{"+example+"}"), &dev); err != nil {
		t.Fatal(err)
	}
	stages, err := stage.Parse(map[string]any{"dev": dev})
	if err != nil {
		t.Fatal(err)
	}
	if got := stages["dev"].Folders.Names(); !slices.Equal(got, []string{"documents", "images", "videos"}) {
		t.Errorf("got folders %v", got)
	}
	_, hasBooks := stages["dev"].Folders.ByExtension("epub")
	_, hasZIP := stages["dev"].Folders.ByExtension("zip")
	if !hasBooks || hasZIP {
		t.Errorf("got epub %v and zip %v, want true and false", hasBooks, hasZIP)
	}
}

// TestEventSamples compares the sample of a rule with that of an event: without the account, a rule would believe whoever may
// send to the bus.
func TestEventSamples(t *testing.T) {
	_, section, _ := strings.Cut(read(t, "clients.md"), "\n## Events\n")
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(section, 2)
	if len(blocks) != 2 {
		t.Fatalf("got %d samples, want an event and a rule", len(blocks))
	}
	var event, rule map[string]any
	if err := errors.Join(json.Unmarshal([]byte(blocks[0][1]), &event), json.Unmarshal([]byte(blocks[1][1]), &rule)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"account", "source", "detail-type"} {
		if fmt.Sprint(rule[name]) != fmt.Sprintf("[%v]", event[name]) || event[name] == nil {
			t.Errorf("%s: the rule has %v, the event %v", name, rule[name], event[name])
		}
	}
}

// TestPagesShowTheirFiles holds docs/pages.md to the files of web/examples, which the browser's tests use.
func TestPagesShowTheirFiles(t *testing.T) {
	page := read(t, "pages.md")
	files, err := filepath.Glob(filepath.Join(root, "web/examples/*"))
	if err != nil || len(files) < 6 {
		t.Fatalf("got %v, %v, want six files or more", files, err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		shown := fmt.Sprintf("[web/examples/%s](../web/examples/%s):\n\n```%s\n%s```\n", name, name, strings.TrimPrefix(strings.Replace(filepath.Ext(name), ".mjs", ".js", 1), "."), read(t, file))
		if !strings.Contains(page, shown) {
			t.Errorf("web/examples/%s is not shown as it is", name)
		}
	}
}

// TestSecurityNamesTests holds docs/security.md to the tests that there are, and to the requirements of the standard's chapters.
func TestSecurityNamesTests(t *testing.T) {
	page := read(t, "security.md")
	named := regexp.MustCompile("`([a-z0-9/]+)/(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(page, -1)
	if len(named) < 50 {
		t.Fatalf("got %d tests, want more", len(named))
	}
	sources := map[string]string{} // by folder
	for _, match := range named {
		folder, name := match[1], match[2]
		if _, ok := sources[folder]; !ok {
			files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				sources[folder] += read(t, file)
			}
		}
		if !strings.Contains(sources[folder], "\nfunc "+name+"(") {
			t.Errorf("%s has no test %s", folder, name)
		}
	}
	for _, requirement := range requirements() {
		if !strings.Contains(page, "| "+requirement) && !strings.Contains(page, ", "+requirement) && !inRange(page, requirement) {
			t.Errorf("requirement %s is not there", requirement)
		}
	}
}

// requirements returns the numbers of ASVS 5.0's chapters V2, V5, V6, V8 and V16.
func requirements() []string {
	var all []string
	for _, chapter := range []struct {
		name     string
		sections []int // how many requirements each has
	}{
		{"2", []int{3, 3, 5, 2}},
		{"5", []int{1, 6, 3, 3}},
		{"6", []int{3, 12, 8, 6, 8, 4, 2, 4}},
		{"8", []int{4, 4, 3, 2}},
		{"16", []int{1, 5, 4, 3, 4}},
	} {
		for section, count := range chapter.sections {
			for number := range count {
				all = append(all, fmt.Sprintf("%s.%d.%d", chapter.name, section+1, number+1))
			}
		}
	}
	return all
}

// inRange reports whether a requirement is within a range such as 6.5.1–6.5.5.
func inRange(page, requirement string) bool {
	for _, match := range regexp.MustCompile(`(\d+\.\d+)\.(\d)–(\d+\.\d+)\.(\d)`).FindAllStringSubmatch(page, -1) {
		section, number := requirement[:strings.LastIndex(requirement, ".")], requirement[strings.LastIndex(requirement, ".")+1:]
		isSection := section == match[1] && match[1] == match[3]
		if isSection && match[2] <= number && number <= match[4] {
			return true
		}
	}
	return false
}
