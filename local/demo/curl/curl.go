// Package curl writes curl commands that do the same when they are run here and when their text is pasted into a
// POSIX shell.
package curl

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// A Command is a curl command, its arguments grouped by the line they are printed on.
type Command struct {
	lines [][]string
}

// Get asks for a URL with Basic credentials ("user:password").
func Get(credentials, url string) Command {
	return Command{[][]string{{"curl", "-sS", "-u", credentials, url}}}
}

// Upload posts a form of literal fields and, last, the file at path as the field "file". What it writes ends with
// the HTTP status and a newline.
func Upload(url string, fields map[string]string, path string) Command {
	lines := [][]string{{"curl", "-sS", "-w", `%{http_code}\n`}}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		// -F would give a meaning to @ and < at a value's start and to ; within.
		lines = append(lines, []string{"--form-string", name + "=" + fields[name]})
	}
	lines = append(lines, []string{"-F", "file=@" + quotePath(path)}, []string{url})
	return Command{lines}
}

// quotePath quotes a path as -F wants it, where a comma or semicolon would otherwise end it.
func quotePath(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(path) + `"`
}

// Args are the command's words, its name first.
func (c Command) Args() []string {
	return slices.Concat(c.lines...)
}

// String is the command as a POSIX shell reads it, without a newline at its end.
func (c Command) String() string {
	lines := make([]string, 0, len(c.lines))
	for _, words := range c.lines {
		quoted := make([]string, 0, len(words))
		for _, word := range words {
			quoted = append(quoted, quoteWord(word))
		}
		lines = append(lines, strings.Join(quoted, " "))
	}
	return strings.Join(lines, " \\\n  ")
}

// Characters that mean themselves in every shell, wherever they stand in a word.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%_+:,./-"

func quoteWord(word string) string {
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Run runs the command and returns what it writes to its standard output. When curl fails, the error is curl's own
// message, and the output may hold an answer all the same: a server may refuse an upload before it has read it all.
func (c Command) Run(ctx context.Context) ([]byte, error) {
	words := c.Args()
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	// Everything that is asked runs on this machine, which curl would otherwise look for behind a proxy.
	command.Env = append(os.Environ(), "no_proxy=*")
	output, err := command.Output()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return output, errors.New(strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return output, fmt.Errorf("running curl: %w", err)
	}
	return output, nil
}
