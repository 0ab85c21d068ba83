package main_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	postern "postern/cmd/postern"
	"postern/internal/identity"
)

// With these, TestCommonPasswords makes common.txt.gz anew:
//
//	go test ./cmd/postern -run TestCommonPasswords -from $PWD/10-million-password-list-top-1000000.txt -to $PWD/cmd/postern/common.txt.gz
var (
	from = flag.String("from", "", "absolute path of a `file` of passwords, the most common first")
	to   = flag.String("to", "", "absolute path of the `file` to write")
)

// Of the list: how many passwords at its head are common at any length, and the fewest characters of such a one's stem.
const (
	mostCommon   = 10_000
	shortestStem = 3
)

func TestCommonPasswords(t *testing.T) {
	if *from != "" {
		writeCommon(t, reduce(t, *from))
		return
	}
	text, err := gzip.NewReader(bytes.NewReader(postern.CommonPasswords))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(text)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(all), "\n"), "\n")
	if len(lines) < 40_000 || !slices.IsSorted(lines) {
		t.Errorf("%d lines, sorted: %t; want 40,000 and more, sorted", len(lines), slices.IsSorted(lines))
	}
	for _, line := range lines {
		if line != postern.Fold(line) || utf8.RuneCountInString(line) < shortestStem {
			t.Errorf("line %q: want it in lower case and %d characters at least", line, shortestStem)
		}
	}
}

// reduce returns the lines of common.txt.gz: the stems of the most common passwords, and of the others those that are long
// enough and that no shorter rule refuses.
func reduce(t *testing.T, name string) []string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]bool{}
	var long []string
	rank := 0
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); rank++ {
		folded := postern.Fold(lines.Text())
		stem := postern.Stem(folded)
		if rank < mostCommon && utf8.RuneCountInString(stem) >= shortestStem {
			kept[stem] = true
		}
		if identity.CheckNewPassword(lines.Text()) == nil {
			long = append(long, folded)
		}
	}
	for _, folded := range long {
		stem, unit := postern.Stem(folded), postern.UnitOf(folded)
		switch {
		case kept[stem], kept[postern.Stem(unit)], unit != folded && utf8.RuneCountInString(unit) < postern.ShortestUnit:
		case utf8.RuneCountInString(stem) >= identity.MinPassword-4:
			kept[stem] = true
		default:
			kept[folded] = true
		}
	}
	var lines []string
	for line := range kept {
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func writeCommon(t *testing.T, lines []string) {
	t.Helper()
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, strings.Join(lines, "\n")+"\n"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*to, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestPasswordsThatGuessersTryFirst(t *testing.T) {
	const user = "ann.miller@example.com"
	for _, test := range []struct{ password, says string }{
		{"password1234", "a common one"},
		{"PassWord1234!", "a common one"},
		{"passwordpassword", "a common one"},
		{"Qwerty123456", "a common one"},
		{"qwertyuiop[]", "a common one"},
		{"123456789012", "a common one"},
		{"1q2w3e4r5t6y", "a common one"},
		{"dragon-2026-11", "a common one"},
		{"aaaaaaaaaaaa", "a common one"},
		{"!!!!!!!!!!!!", "a common one"},
		{"abcdabcdabcd", "a common one"},
		{"\u00e4\u00f6\u00e4\u00f6\u00e4\u00f6\u00e4\u00f6\u00e4\u00f6\u00e4\u00f6", "a common one"},
		{"letmeinletmein", "a common one"},
		{"iloveyou!!2026", "a common one"},
		{"ann.miller2026", "the user's mail address"},
		{"Ann.Miller@example.com", "the user's mail address"},
		{"ann.millerann.miller", "the user's mail address"},
		{"postern20261129", "the product's name"},
		{"dragon", "too short"},
	} {
		err := postern.CheckNewPassword(user, test.password)
		if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), test.password) {
			t.Errorf("%s: got %v, want an error that says %q", test.password, err, test.says)
		}
	}
	for _, good := range []string{
		"demo-password", "alice-password", "a password of mine", "correct horse battery", "k3v9w-5mq2x-7hdr4-p8tzn", "fuenf Ähren im Wind",
		"ann.miller likes plums", "abcde fghij klmno", "4815162342 and on", "\U0001F40E\U0001F50B staple works",
	} {
		if err := postern.CheckNewPassword(user, good); err != nil {
			t.Errorf("%s: got %v, want none", good, err)
		}
	}
}
