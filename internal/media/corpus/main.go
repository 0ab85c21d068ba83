// Corpus runs the inspection over a folder of files and prints by extension how many are accepted, and which are refused
// and why. It takes each file for what its extension says in the format table of a stage.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"postern/infra/stage"
	"postern/internal/contract"
	"postern/internal/media"
	"postern/internal/upload"
)

func main() {
	name := flag.String("stage", "dev", "the stage of cdk.json whose formats and limits hold")
	flag.Usage = func() {
		_, _ = fmt.Fprintln(flag.CommandLine.Output(), "usage: corpus [-stage NAME] FOLDER")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	s, err := readStage("cdk.json", *name)
	if err == nil {
		err = run(os.Stdout, flag.Arg(0), s.Folders, s.Inspection())
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// readStage reads a stage from the context of the CDK's configuration.
func readStage(path, name string) (stage.Stage, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return stage.Stage{}, fmt.Errorf("reading the stages: %w", err)
	}
	var configuration struct {
		Context map[string]any `json:"context"`
	}
	if err := json.Unmarshal(text, &configuration); err != nil {
		return stage.Stage{}, fmt.Errorf("reading the stages: %w", err)
	}
	stages, err := stage.Parse(configuration.Context["stages"])
	if err != nil {
		return stage.Stage{}, err
	}
	return stages.Lookup(name)
}

// A tally counts the verdicts on the files of one extension.
type tally struct {
	accepted, renamed int // of the accepted ones, those that are siblings
	refused           []string
}

// run inspects every file below a folder whose extension the table has, and writes the table and the refused files.
func run(out io.Writer, folder string, table contract.Folders, rules contract.Inspection) error {
	tallies := map[string]*tally{}
	others := 0
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		format, ok := table.ByExtension(strings.TrimPrefix(filepath.Ext(path), "."))
		if !ok {
			others++
			return nil
		}
		t := tallies[format.Extension]
		if t == nil {
			t = &tally{}
			tallies[format.Extension] = t
		}
		found, err := inspect(path, format, rules)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(folder, path)
		t.add(name, format, found)
		return nil
	})
	if err != nil {
		return err
	}
	return write(out, tallies, others)
}

func inspect(path string, format contract.Format, rules contract.Inspection) (upload.Finding, error) {
	content, err := os.Open(path)
	if err != nil {
		return upload.Finding{}, err
	}
	defer func() { _ = content.Close() }()
	info, err := content.Stat()
	if err != nil {
		return upload.Finding{}, err
	}
	found, err := media.Check(format, rules, info.Size(), content)
	if err != nil {
		return found, fmt.Errorf("inspecting %s: %w", path, err)
	}
	return found, nil
}

func (t *tally) add(name string, format contract.Format, found upload.Finding) {
	switch {
	case found.Reason != "":
		t.refused = append(t.refused, fmt.Sprintf("%s\t%s\t%s", found.Reason, found.Detected, name))
		return
	case found.Detected != format.ContentType:
		t.renamed++
	}
	t.accepted++
}

// write prints the table, then the refused files with the reasons and what was found in them.
func write(out io.Writer, tallies map[string]*tally, others int) error {
	columns := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(columns, "extension\taccepted\tof them siblings\trefused")
	var all tally
	for _, extension := range slices.Sorted(maps.Keys(tallies)) {
		t := tallies[extension]
		_, _ = fmt.Fprintf(columns, "%s\t%d\t%d\t%d\n", extension, t.accepted, t.renamed, len(t.refused))
		all.accepted, all.renamed = all.accepted+t.accepted, all.renamed+t.renamed
		all.refused = append(all.refused, t.refused...)
	}
	_, _ = fmt.Fprintf(columns, "all\t%d\t%d\t%d\n", all.accepted, all.renamed, len(all.refused))
	if err := columns.Flush(); err != nil {
		return err
	}
	if others > 0 {
		_, _ = fmt.Fprintf(out, "\n%d files have other extensions.\n", others)
	}
	if len(all.refused) > 0 {
		_, _ = fmt.Fprintln(out)
	}
	slices.Sort(all.refused)
	for _, refused := range all.refused {
		_, _ = fmt.Fprintln(columns, refused)
	}
	return columns.Flush()
}
