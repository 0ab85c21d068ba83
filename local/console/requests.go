package console

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/term"
)

// maxShownPath is the maximum length of a path in a line, in bytes.
const maxShownPath = 200

// Requests writes one short line a request, for a person. It writes nothing before Begin.
type Requests struct {
	w     io.Writer
	begun atomic.Bool
}

// NewRequests returns the log that a person reads, or nil where the template's access log is written. The format is LOG: "json",
// "text", or empty, where w decides by being a terminal.
func NewRequests(format string, w io.Writer) *Requests {
	file, ok := w.(*os.File)
	isTerminal := ok && term.IsTerminal(int(file.Fd()))
	if format == "json" || format == "" && !isTerminal {
		return nil
	}
	return &Requests{w: w}
}

// Begin makes the log write. A nil log is left as it is.
func (l *Requests) Begin() {
	if l != nil {
		l.begun.Store(true)
	}
}

// line writes a line. A query, which may hold a mail or a signature, is not a part of it.
func (l *Requests) line(service, method, path string, status int, took time.Duration) {
	if l.begun.Load() {
		_, _ = fmt.Fprintf(l.w, "%-3s %-6s %s %d %d ms\n", service, url.PathEscape(method), shownPath(path), status, took.Milliseconds())
	}
}

// shownPath returns a path that cannot do anything to a terminal, without what may be a mail.
func shownPath(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if strings.Contains(segment, "@") || strings.Contains(segment, "%40") {
			segments[i] = "…"
			continue
		}
		segments[i] = url.PathEscape(segment)
	}
	shown := strings.Join(segments, "/")
	if len(shown) > maxShownPath {
		return shown[:maxShownPath] + "…"
	}
	return shown
}

// S3 writes the line of a request to S3.
func (l *Requests) S3(method, path string, status int, took time.Duration) {
	l.line("S3", method, path, status, took)
}

// API writes a line for each request that a handler of the API answers.
func (l *Requests) API(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		begin := time.Now()
		next.ServeHTTP(seen, r)
		l.line("API", r.Method, r.URL.Path, seen.status, time.Since(begin))
	})
}

// A statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter

	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
