package gateway

import (
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// compressed returns an answer as it is sent to a client: in gzip if the client takes it, and the answer is as large as the
// API wants. API Gateway can also send deflate, which no client asks for alone, and read requests that are compressed.
// Source: "Payload compression for REST APIs in API Gateway".
func (g *gateway) compressed(a answer, r *http.Request) answer {
	if g.compress == nil || len(a.body) < *g.compress || a.header.Get("Content-Encoding") != "" || !takesGzip(r.Header.Values("Accept-Encoding")) {
		return a
	}
	var body strings.Builder
	writer, _ := gzip.NewWriterLevel(&body, gzip.BestSpeed) // the level exists
	_, _ = writer.Write([]byte(a.body))
	_ = writer.Close() // a Builder takes everything
	a.header.Set("Content-Encoding", "gzip")
	a.body = body.String()
	return a
}

// takesGzip reports whether the values of Accept-Encoding have gzip with a weight above 0.
// Source: RFC 9110, section 12.5.3.
func takesGzip(values []string) bool {
	for coding := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, parameter, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		weight, weighted := strings.CutPrefix(strings.TrimSpace(parameter), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		return !weighted || err == nil && q > 0
	}
	return false
}
