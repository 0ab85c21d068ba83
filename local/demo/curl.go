package main

import (
	"maps"
	"net/url"
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

// post returns the command that posts the file with a form.
func (u upload) post(form api.PresignedForm) curl {
	command := curl{{"curl", "-sS", "-w", `%{http_code}\n`}}
	for _, name := range slices.Sorted(maps.Keys(form.Fields)) {
		// -F would give a meaning to @ and < at the beginning of a value, and to ; within.
		command = append(command, []string{"--form-string", name + "=" + form.Fields[name]})
	}
	// Without quotes, a comma or semicolon would end the path.
	path := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(u.file.Name())
	return append(command, []string{"-F", `file=@"` + path + `"`}, []string{form.URL})
}

// escape encodes a value of a query. It makes %20 of a space, because not every server reads a plus sign as one.
func escape(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
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
