package main

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

// A requestLog writes one short line a request, for a person. It writes nothing before it is begun.
type requestLog struct {
	w     io.Writer
	begun atomic.Bool
}

// newRequestLog returns the log that a person reads, or nil where the template's access log is written.
func newRequestLog(s settings, w io.Writer) *requestLog {
	file, ok := w.(*os.File)
	isTerminal := ok && term.IsTerminal(int(file.Fd()))
	if s.log == "json" || s.log == "" && !isTerminal {
		return nil
	}
	return &requestLog{w: w}
}

// begin makes the log write. A nil log is left as it is.
func (l *requestLog) begin() {
	if l != nil {
		l.begun.Store(true)
	}
}

// line writes a line. A query, which may hold a mail or a signature, is no part of it.
func (l *requestLog) line(service, method, path string, status int, took time.Duration) {
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

// s3 writes the line of a request to S3.
func (l *requestLog) s3(method, path string, status int, took time.Duration) {
	l.line("S3", method, path, status, took)
}

// api writes a line for each request that a handler of the API answers.
func (l *requestLog) api(next http.Handler) http.Handler {
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
