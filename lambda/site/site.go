package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/function"
)

// Names of files that have a route of their own, in the folder contract.SiteFolder.
const (
	pageFile     = "index.html"
	documentFile = "openapi.json"
)

// A file is one file of the site, as it is answered.
type file struct {
	body string
	// headers are sent with the body, and with 304.
	headers map[string]string
}

// A site answers the routes of contract.Site from memory.
type site struct {
	files map[string]file // by name
}

func newFunction(setup function.Setup[contract.SiteEnv]) (lambda.Handler, error) {
	storage, err := setup.Runtime.BucketOrigin(setup.Env.Bucket)
	if err != nil {
		return nil, err
	}
	s, err := newSite(os.DirFS(contract.SiteFolder), storage, setup.Env.SignIn)
	if err != nil {
		return nil, err
	}
	return lambda.NewHandler(s.answer), nil
}

// newSite reads the site's files, which never change while the process lives. storage is the origin of the bucket's URLs. It is
// an error when a file is missing that has a route of its own.
func newSite(folder fs.FS, storage string, signIn contract.SignIn) (*site, error) {
	origins, err := providerOrigins(signIn)
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, fmt.Errorf("reading the site's files: %w", err)
	}
	s := &site{files: map[string]file{}}
	for _, entry := range entries {
		body, err := fs.ReadFile(folder, entry.Name())
		if err != nil {
			return nil, fmt.Errorf("reading the site's files: %w", err)
		}
		connect := []string{storage}
		if entry.Name() == pageFile {
			if body, err = withSignIn(body, signIn); err != nil {
				return nil, err
			}
			connect = append(connect, origins...)
		}
		s.files[entry.Name()] = newFile(entry.Name(), body, storage, connect)
	}
	for _, name := range []string{pageFile, documentFile} {
		if _, ok := s.files[name]; !ok {
			return nil, errors.New("the site's file " + name + " is missing")
		}
	}
	return s, nil
}

// place is where the page says how people sign in, and what stands there before.
const place = `<meta name="sign-in" content="">`

// withSignIn returns the page with how people sign in, as JSON. It is an error when the page has no place for that.
func withSignIn(page []byte, signIn contract.SignIn) ([]byte, error) {
	text, err := json.Marshal(signIn)
	if err != nil {
		return nil, err
	}
	before, after, ok := strings.Cut(string(page), place)
	if !ok {
		return nil, errors.New("the site's file " + pageFile + " has no " + place)
	}
	return []byte(before + `<meta name="sign-in" content="` + html.EscapeString(string(text)) + `">` + after), nil
}

// providerOrigins returns the origins of the provider where people sign in.
func providerOrigins(signIn contract.SignIn) ([]string, error) {
	if signIn.Provider == nil {
		return nil, nil
	}
	issuer, err := url.Parse(signIn.Provider.Issuer)
	if err != nil || issuer.Host == "" {
		return nil, errors.New("the issuer of the page is no URL")
	}
	origins := []string{issuer.Scheme + "://" + issuer.Host}
	if more := signIn.Provider.Origin; more != "" {
		origins = append(origins, more)
	}
	return origins, nil
}

// hashed matches the names of files whose content never changes, because its hash is in the name.
var hashed = regexp.MustCompile(`-[A-Z0-9]{8}\.[a-z]+$`)

// newFile returns a file as it is answered. storage is where a page may have pictures from, connect what its script may call.
func newFile(name string, body []byte, storage string, connect []string) file {
	sum := sha256.Sum256(body)
	headers := map[string]string{
		"Content-Type":  contentType(name),
		"ETag":          `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
		"Cache-Control": "no-cache",
	}
	if hashed.MatchString(name) {
		headers["Cache-Control"] = "public, max-age=31536000, immutable"
	}
	if path.Ext(name) == ".html" {
		// A page names the hashed files of one deployment, so it is never kept.
		headers["Cache-Control"] = "no-store"
		headers["Content-Security-Policy"] = policy(storage, connect)
		headers["Cross-Origin-Opener-Policy"] = "same-origin"
		headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
		headers["X-Frame-Options"] = "DENY"
	}
	for name, value := range contract.Headers {
		if headers[name] == "" {
			headers[name] = value
		}
	}
	return file{string(body), headers}
}

// contentType returns the content type of a file. The tables of the machine are not asked: every place answers alike.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json":
		return "application/json"
	default:
		return "text/plain; charset=utf-8" // such as types: .d.ts
	}
}

// policy returns a page's Content-Security-Policy: its own scripts and styles, the API it came from, the bucket, and on the page
// itself the provider that signs people in.
// Source: https://www.w3.org/TR/CSP3/
func policy(storage string, connect []string) string {
	return strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "worker-src 'self'", "img-src 'self' " + storage,
		"media-src " + storage, "connect-src 'self' " + strings.Join(connect, " "), "form-action 'none'", "base-uri 'none'", "frame-ancestors 'none'",
	}, "; ")
}

// answer answers an event of API Gateway. It never fails.
func (s *site) answer(_ context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	name, ok := s.name(event)
	found, exists := s.files[name]
	if !ok || !exists {
		return notFound(event), nil
	}
	if matches(header(event, "If-None-Match"), found.headers["ETag"]) {
		return events.APIGatewayProxyResponse{StatusCode: http.StatusNotModified, Headers: found.headers}, nil
	}
	return events.APIGatewayProxyResponse{StatusCode: http.StatusOK, Headers: found.headers, Body: found.body}, nil
}

// name returns the name of the file that an event asks for. A name is looked up, never opened: it cannot climb.
func (s *site) name(event events.APIGatewayProxyRequest) (string, bool) {
	route, ok := contract.RouteOf(event.Resource, event.HTTPMethod)
	if !ok || route.Function != contract.Site {
		return "", false
	}
	switch route.Path {
	case contract.PagePath:
		return pageFile, true
	case contract.DocumentPath:
		return documentFile, true
	default:
		name := event.PathParameters["file"]
		return name, name != pageFile && name != documentFile
	}
}

// matches reports whether If-None-Match names an ETag: RFC 9110, section 13.1.2. The comparison is the weak one, because API
// Gateway or a proxy may have compressed what it was.
func matches(ifNoneMatch, etag string) bool {
	for given := range strings.SplitSeq(ifNoneMatch, ",") {
		given = strings.TrimSpace(given)
		if given == "*" || strings.TrimPrefix(given, "W/") == etag {
			return true
		}
	}
	return false
}

func header(event events.APIGatewayProxyRequest, name string) string {
	for given, values := range event.MultiValueHeaders {
		if textproto.CanonicalMIMEHeaderKey(given) == name {
			return strings.Join(values, ",")
		}
	}
	return ""
}

func notFound(event events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	body := fmt.Sprintf(`{"message":"no such file","code":%q,"requestId":%q}`+"\n", api.NotFound, event.RequestContext.RequestID)
	return events.APIGatewayProxyResponse{StatusCode: http.StatusNotFound, Headers: contract.Headers, Body: body}
}
