package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"postern/api"
)

// A curl is a curl command, its words grouped by the line that they are printed on.
type curl [][]string

// ask returns the command that gets a path below the API's base URL.
func (u upload) ask(path string) curl {
	return curl{{"curl", "-sS", "-u", mail + ":" + password, u.api + path}}
}

// declare returns the command that declares a file.
func (u upload) declare(request api.UploadRequest) (curl, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("declaring a file: %w", err)
	}
	return curl{
		{"curl", "-sS", "-u", mail + ":" + password, "-H", "Content-Type: application/json"},
		{"-d", string(body)},
		{u.api + "uploads"},
	}, nil
}

// put returns the command that sends the file as a grant says.
func (u upload) put(grant api.UploadGrant) curl {
	command := curl{{"curl", "-sS", "-w", `%{http_code}\n`}}
	for _, name := range slices.Sorted(maps.Keys(grant.Headers)) {
		command = append(command, []string{"-H", name + ": " + grant.Headers[name]})
	}
	// Without -g, brackets and braces in the file's name would stand for several files.
	return append(command, []string{"-g", "-T", u.file.Name()}, []string{grant.URL})
}

// String returns the command as a POSIX shell reads it.
func (c curl) String() string {
	lines := make([]string, 0, len(c))
	for _, words := range c {
		quoted := make([]string, 0, len(words))
		for _, word := range words {
			quoted = append(quoted, quote(word))
		}
		lines = append(lines, strings.Join(quoted, " "))
	}
	return strings.Join(lines, " \\\n  ")
}

// quote quotes a word, unless all its characters mean themselves in every shell.
func quote(word string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%_+:,./-"
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
