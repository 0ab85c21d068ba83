// Command reviewer writes what a change does to the deployed stages, as Markdown, from two assemblies. It exits with 0 if
// there is nothing to stop, with 1 for findings and for a destructive change that is not allowed, and with 2 for wrong usage.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"postern/infra/review"
	"postern/internal/cfn"
)

// Exit codes.
const (
	nothing = 0
	stop    = 1
	misused = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options are the command's.
type options struct {
	base, change         folders
	baseName, changeName string
	nag                  string // folder of the change's assembly with the reports of cdk-nag; may be empty
	policies             string // folder to write the change's policies to, instead of a review; may be empty
	allowDestructive     bool
}

// folders are where a side of the change lies.
type folders struct{ assembly, pages string }

func run(arguments []string, stdout, stderr io.Writer) int {
	o, err := parse(arguments, stderr)
	if err != nil {
		return misused
	}
	if o.policies != "" {
		if err := writePolicies(o.change.assembly, o.policies); err != nil {
			_, _ = fmt.Fprintln(stderr, "error: writing the policies:", err)
			return misused
		}
		return nothing
	}
	changes, err := compare(o)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "error:", err)
		return misused
	}
	if _, err := io.WriteString(stdout, review.Markdown(o.baseName, o.changeName, changes, o.allowDestructive)); err != nil {
		_, _ = fmt.Fprintln(stderr, "error: writing the review:", err)
		return misused
	}
	if slices.ContainsFunc(changes, func(c review.Change) bool { return c.Stops(o.allowDestructive) }) {
		return stop
	}
	return nothing
}

func parse(arguments []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("reviewer", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.base.assembly, "base", "", "folder of the assembly before the change")
	flags.StringVar(&o.base.pages, "base-pages", "", "folder of the runbook before the change")
	flags.StringVar(&o.baseName, "base-name", "base", "how to call what was before the change")
	flags.StringVar(&o.change.assembly, "change", "", "folder of the assembly with the change")
	flags.StringVar(&o.change.pages, "change-pages", "", "folder of the runbook with the change")
	flags.StringVar(&o.changeName, "change-name", "change", "how to call the change")
	flags.StringVar(&o.nag, "nag", "", "folder of the change's assembly with the reports of cdk-nag and the constructs' paths")
	flags.StringVar(&o.policies, "policies", "", "folder to write the policies of the change's roles to, a file each, instead of a review")
	flags.BoolVar(&o.allowDestructive, "allow-destructive", false, "let a destructive change pass")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	if o.base.assembly == "" && o.policies == "" || o.change.assembly == "" || flags.NArg() > 0 {
		_, _ = fmt.Fprintln(stderr, "error: -base and -change must be folders of assemblies, and there are no other arguments")
		return o, errors.New("usage")
	}
	return o, nil
}

// compare compares the stacks that both sides have, and those that one has.
func compare(o options) ([]review.Change, error) {
	base, err := o.base.read()
	if err != nil {
		return nil, fmt.Errorf("reading the base: %w", err)
	}
	change, err := o.change.read()
	if err != nil {
		return nil, fmt.Errorf("reading the change: %w", err)
	}
	nag, err := nagFindings(o.nag)
	if err != nil {
		return nil, fmt.Errorf("reading what cdk-nag found: %w", err)
	}
	names := maps.Clone(base.stacks)
	maps.Copy(names, change.stacks)
	var all []review.Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		all = append(all, review.Compare(
			review.Side{Template: base.stacks[name], Pages: base.pages},
			review.Side{Template: change.stacks[name], Pages: change.pages, Nag: nag[name]},
		))
	}
	return all, nil
}

// side is one side of the change.
type side struct {
	stacks map[string]*cfn.Template
	pages  []string
}

func (f folders) read() (side, error) {
	s := side{stacks: map[string]*cfn.Template{}}
	templates, err := cfn.Templates(f.assembly)
	if err != nil {
		return s, err
	}
	for _, t := range templates {
		s.stacks[t.Stack] = t
	}
	pages, err := filepath.Glob(filepath.Join(f.pages, "*.md"))
	if err != nil {
		return s, fmt.Errorf("listing the runbook: %w", err)
	}
	for _, page := range pages {
		s.pages = append(s.pages, strings.TrimSuffix(filepath.Base(page), ".md"))
	}
	return s, nil
}
