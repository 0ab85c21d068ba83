package review

import (
	"fmt"
	"slices"
	"strings"
)

// Markdown writes changes for a reviewer: what stops first, then what opens or broadens, then the rest. Stacks that change
// alike share a section. Base and change are how a person would call both sides.
func Markdown(base, change string, changes []Change, lossAllowed bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# What %s does to the stages, from %s\n\n%s\n", code(change), code(base), verdict(changes, lossAllowed))
	var stacks [][]string
	var bodies []string
	for _, c := range changes {
		body := c.body()
		if i := slices.Index(bodies, body); i >= 0 {
			stacks[i] = append(stacks[i], c.Stack)
			continue
		}
		bodies, stacks = append(bodies, body), append(stacks, []string{c.Stack})
	}
	for i, body := range bodies {
		fmt.Fprintf(&b, "\n## %s\n\n%s", strings.Join(stacks[i], " and "), body)
	}
	return b.String()
}

// verdict says in one line whether a person must decide.
func verdict(changes []Change, lossAllowed bool) string {
	findings, lost := 0, 0
	for _, c := range changes {
		findings += len(c.Findings)
		lost += len(c.Lost)
	}
	switch {
	case findings > 0 && lost > 0:
		return fmt.Sprintf("**Stop: %s, and %s destroyed or no longer protected.**", count(findings, "finding"), count(lost, "resource"))
	case lost > 0 && lossAllowed:
		return fmt.Sprintf("**Allowed: %s destroyed or no longer protected.**", count(lost, "resource"))
	case lost > 0:
		return fmt.Sprintf("**Stop: %s destroyed or no longer protected.** If that is wanted, say so: `ALLOW_DESTRUCTIVE=1`.", count(lost, "resource"))
	case findings > 0:
		return fmt.Sprintf("**Stop: %s.**", count(findings, "finding"))
	default:
		return "**Nothing to stop.**"
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// body returns a stack's section.
func (c Change) body() string {
	var b strings.Builder
	first := c.lookFirst()
	section(&b, "Look first", first)
	section(&b, "Routes", c.Routes)
	section(&b, "Rights that shrink or are written in another way", c.Narrowed)
	section(&b, "Resources", c.Resources)
	section(&b, "Settings", c.Settings)
	section(&b, "Alarms and runbook", c.Alarms)
	section(&b, "Size of roles", c.Roles)
	if b.Len() == 0 && len(c.Cost) <= 1 {
		return "No change.\n"
	}
	section(&b, "Cost of a month, estimated", c.Cost)
	return b.String()
}

// lookFirst returns what a reviewer must see, the worst first.
func (c Change) lookFirst() []string {
	var lines []string
	for _, line := range c.Lost {
		lines = append(lines, "**destroys** "+line)
	}
	for _, f := range c.Findings {
		line := fmt.Sprintf("**finding** %s: %s", code(f.Resource), text(f.Message))
		if slices.Contains(c.Known, f) {
			line += " (as before)"
		}
		lines = append(lines, line)
	}
	lines = append(lines, c.Risky...)
	for _, line := range c.Broadened {
		lines = append(lines, "**broadens** "+line)
	}
	return lines
}

// text returns a text in which nothing is Markdown, HTML or a person's name.
func text(s string) string {
	return strings.NewReplacer("*", `\*`, "_", `\_`, "`", "'", "<", "&lt;", "[", `\[`, "@", "@\u200b", "\n", " ").Replace(s)
}

func section(b *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "### %s\n\n", title)
	for _, line := range lines {
		fmt.Fprintf(b, "- %s\n", line)
	}
}
