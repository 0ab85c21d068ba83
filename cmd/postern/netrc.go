package main

import (
	"os"
	"path/filepath"
	"strings"
)

// findNetrc returns the login and the password that the user's netrc has for a host, without its port. A login that is
// given has to be the entry's. It reports false if there is none. Source: GNU inetutils, "The .netrc file".
func findNetrc(host, login string) (user, password string, ok bool) {
	path := os.Getenv("NETRC")
	if path == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", "", false
		}
		path = filepath.Join(home, ".netrc")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", "", false
	}
	for _, entry := range parseNetrc(string(text)) {
		if (entry.host == host || entry.host == "") && (login == "" || entry.login == login) && entry.password != "" {
			return entry.login, entry.password, true
		}
	}
	return "", "", false
}

// A netrcEntry is a machine of a netrc. The default's host is empty.
type netrcEntry struct{ host, login, password string }

// parseNetrc reads the entries. Macros, from macdef to an empty line, are left out.
func parseNetrc(text string) []netrcEntry {
	var entries []netrcEntry
	for block := range strings.SplitSeq(text, "\n\n") {
		block, _, _ = strings.Cut(block, "macdef")
		words := strings.Fields(block)
		for i := 0; i < len(words); i++ {
			value := ""
			if i+1 < len(words) {
				value = words[i+1]
			}
			switch words[i] {
			case "default":
				entries = append(entries, netrcEntry{})
				continue
			case "machine":
				entries = append(entries, netrcEntry{host: value})
			case "login":
				if len(entries) > 0 {
					entries[len(entries)-1].login = value
				}
			case "password":
				if len(entries) > 0 {
					entries[len(entries)-1].password = value
				}
			default:
				continue
			}
			i++
		}
	}
	return entries
}
