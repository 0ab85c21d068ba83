package runtime

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"unicode"
)

// maxLine is the maximum length of a logged line, in bytes. Longer lines are split.
const maxLine = 16 << 10

// A journal writes whole lines of several functions to one writer.
type journal struct {
	mu sync.Mutex
	w  io.Writer
}

func (j *journal) line(name, text string) {
	// A function's output may hold a client's bytes. Control characters must not reach the terminal.
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return '·'
		}
		return r
	}, strings.ToValidUTF8(text, "·"))
	j.mu.Lock()
	defer j.mu.Unlock()
	_, _ = io.WriteString(j.w, "["+name+"] "+text+"\n")
}

// lines splits a process's output into lines of a journal. One goroutine uses it at a time.
type lines struct {
	journal *journal
	name    string
	rest    []byte // of a line whose end is missing
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 && len(l.rest) < maxLine {
			return len(p), nil
		}
		next := end + 1
		if end < 0 || end > maxLine {
			end, next = maxLine, maxLine
		}
		l.journal.line(l.name, strings.TrimSuffix(string(l.rest[:end]), "\r"))
		l.rest = append(l.rest[:0], l.rest[next:]...)
	}
}

func (l *lines) flush() {
	if len(l.rest) > 0 {
		l.journal.line(l.name, string(l.rest))
		l.rest = nil
	}
}
