package gateway

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
)

// unseen are the request headers that functions do not get.
var unseen = []string{
	"Connection", "Content-Length", "Content-Md5", "Expect", "Keep-Alive", "Max-Forwards", "Proxy-Authenticate",
	"Proxy-Connection", "Server", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Www-Authenticate",
}

// functionHeaders returns the request's headers as functions get them, with those that API Gateway adds. Names are in
// canonical form; API Gateway keeps the caller's.
func (x *exchange) functionHeaders() map[string][]string {
	headers := map[string][]string{}
	maps.Copy(headers, x.request.Header)
	for _, name := range unseen {
		delete(headers, name)
	}
	port := "80"
	if _, given, err := net.SplitHostPort(x.request.Host); err == nil {
		port = given
	}
	forwarded := append(slices.Clone(x.request.Header.Values("X-Forwarded-For")), x.sourceIP)
	headers["Host"] = []string{x.request.Host}
	headers["X-Amzn-Trace-Id"] = []string{x.traceID()}
	headers["X-Forwarded-For"] = []string{strings.Join(forwarded, ", ")}
	headers["X-Forwarded-Port"] = []string{port}
	headers["X-Forwarded-Proto"] = []string{"http"}
	return headers
}

// remapped are the headers that a function cannot set: they go out as x-amzn-Remapped-<name>.
// Source: "Amazon API Gateway important notes for REST APIs".
var remapped = []string{
	"Authorization", "Connection", "Content-Length", "Content-Md5", "Date", "Expect", "Host", "Max-Forwards",
	"Proxy-Authenticate", "Server", "Trailer", "Upgrade", "User-Agent", "Www-Authenticate", "X-Amzn-Requestid",
}

// setHeaders sets the headers of a function's answer.
func (a answer) setHeaders(headers map[string][]headerValue) error {
	// In order, so that the same one of two spellings of a name always wins.
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		values := headers[name]
		if !isToken(name) {
			return fmt.Errorf("a header's name is malformed")
		}
		name = http.CanonicalHeaderKey(name)
		if name == "Transfer-Encoding" {
			continue
		}
		if slices.Contains(remapped, name) {
			name = "X-Amzn-Remapped-" + name
		}
		a.header.Del(name)
		for _, value := range values {
			if strings.ContainsAny(string(value), "\r\n\x00") {
				return fmt.Errorf("the value of header %s is malformed", name)
			}
			a.header.Add(name, string(value))
		}
	}
	return nil
}

// isToken reports whether s can be a header's name. Source: RFC 9110, section 5.6.2.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// staticHeaders reads a template's mapping of headers to static values: <prefix>.<name> to 'value'.
func staticHeaders(parameters map[string]string, prefix string) (http.Header, error) {
	header := http.Header{}
	for parameter, value := range parameters {
		name, ok := strings.CutPrefix(parameter, prefix)
		if !ok || !isToken(name) {
			return nil, fmt.Errorf("response parameter %q: want %s and a header's name", parameter, prefix)
		}
		static, opens := strings.CutPrefix(value, "'")
		static, closes := strings.CutSuffix(static, "'")
		if !opens || !closes || strings.ContainsAny(static, "\r\n\x00") {
			return nil, fmt.Errorf("response parameter %q: %q is not a static value in single quotes, nothing else is served", parameter, value)
		}
		header.Set(name, static)
	}
	return header, nil
}
