package s3

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"

	"postern/local/awsserver"
	"postern/local/chaos"
	"postern/local/iam"
)

// boundaryKey is the key of a form's boundary in its request's context.
type boundaryKey struct{}

// errTwoSignatures is S3's answer to a request that is signed in two places. The server would ignore one of them.
var errTwoSignatures = s3err.APIError{
	Code: "InvalidArgument", HTTPStatusCode: http.StatusBadRequest,
	Description: "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
}

// A guard sees a request before the S3 server does.
type guard struct {
	issuer *iam.Issuer
	faults awsserver.Faults
	names  []string
	log    func(method, path string, status int, took time.Duration)
	page   string
}

// serve answers a request and logs it.
func (g guard) serve(c fiber.Ctx) error {
	if g.log == nil {
		return g.answer(c)
	}
	// The server's strings are valid only until the request has been answered.
	method, path, begin := strings.Clone(c.Method()), loggedPath(c), time.Now()
	_, isFunction := functionCall(c, g.issuer)
	err := g.answer(c)
	if !isFunction {
		status := c.Response().StatusCode()
		if failed, ok := errors.AsType[*fiber.Error](err); ok {
			status = failed.Code
		}
		g.log(method, path, status, time.Since(begin))
	}
	return err
}

// loggedPath returns the path of a request as it is logged: of a part, with its number.
func loggedPath(c fiber.Ctx) string {
	path := string(c.Request().URI().Path())
	if number, err := strconv.ParseUint(c.Query("partNumber"), 10, 16); err == nil {
		path += "/parts/" + strconv.FormatUint(number, 10)
	}
	return path
}

func (g guard) answer(c fiber.Ctx) error {
	if !awsserver.IsNamed(string(c.Request().Host()), g.names) {
		drain(c)
		return refuse(c, s3err.GetAPIError(s3err.ErrAccessDenied))
	}
	if g.page != "" && isBrowser(c) {
		c.Set(fiber.HeaderContentType, "text/html; charset=utf-8")
		return c.SendString(g.page)
	}
	if c.Method() == http.MethodPatch {
		// S3 has no PATCH. The server would administer its users and buckets with it.
		return c.SendStatus(http.StatusMethodNotAllowed)
	}
	names := c.Query("X-Amz-SignedHeaders")
	if hasDuplicate(string(c.Request().URI().QueryString())) || hasTwoTypes(c.Request().Header.RawHeaders()) || names != strings.ToLower(names) {
		// The server takes one of two, and signs names in lower case, where S3 signs what it gets and finds another signature.
		drain(c)
		return refuse(c, s3err.GetAPIError(s3err.ErrSignatureDoesNotMatch))
	}
	kind, parameters, _ := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	isForm := c.Method() == http.MethodPost && kind == fiber.MIMEMultipartForm && len(c.Request().URI().QueryString()) == 0
	if c.Get(fiber.HeaderAuthorization) != "" && (isForm || utils.IsPresignedURLAuth(c)) {
		drain(c)
		return refuse(c, errTwoSignatures)
	}
	c.Locals(requestKey{}, readRequest(c))
	if isForm {
		c.Locals(boundaryKey{}, parameters["boundary"])
	}
	err := withFaults(c, g.issuer, g.faults)
	if c.Response().StatusCode() >= http.StatusBadRequest {
		drain(c)
	}
	return err
}

// isBrowser reports whether a person has opened the server's address. Clients of S3 sign, and do not ask for HTML.
func isBrowser(c fiber.Ctx) bool {
	return c.Method() == http.MethodGet && c.Path() == "/" && len(c.Request().URI().QueryString()) == 0 &&
		c.Get(fiber.HeaderAuthorization) == "" && strings.Contains(c.Get(fiber.HeaderAccept), "text/html")
}

// hasDuplicate reports whether a query has a parameter twice.
func hasDuplicate(query string) bool {
	values, err := url.ParseQuery(query)
	for _, v := range values {
		if len(v) > 1 {
			return true
		}
	}
	return err != nil
}

// hasTwoTypes reports whether a request has more than one content type, of which the server keeps the last. It keeps both
// of every other header that a client may sign.
func hasTwoTypes(headers []byte) bool {
	types := 0
	for line := range bytes.Lines(headers) {
		name, _, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte(fiber.HeaderContentType)) {
			types++
		}
	}
	return types > 1
}

func refuse(c fiber.Ctx, refusal s3err.APIError) error {
	c.Type("xml")
	return c.Status(refusal.StatusCode()).Send(refusal.XMLBody("", ""))
}

// maxDrained is the maximum of a refused upload that is still read, in bytes.
const maxDrained = 1 << 30

// drain reads the rest of a request. A client that is still sending would otherwise see its connection reset, and never
// the answer.
func drain(c fiber.Ctx) {
	if body := c.Request().BodyStream(); body != nil {
		_, _ = io.CopyN(io.Discard, body, maxDrained)
	}
}

// functionCall returns the call of a function that signed it by its header. It reports false for any other request.
func functionCall(c fiber.Ctx, issuer *iam.Issuer) (chaos.Call, bool) {
	_, credential, ok := strings.Cut(c.Get(fiber.HeaderAuthorization), "Credential=")
	key, _, _ := strings.Cut(credential, "/")
	credentials, known := issuer.Find(key)
	if !ok || !known || credentials.Role == iam.Operator {
		return chaos.Call{}, false
	}
	return chaos.Call{Role: credentials.Role, Service: "s3", Final: awsserver.IsFinal(c.Get(awsserver.AttemptHeader))}, true
}

// clientCall returns the call of a client that repeats what fails, as our own does, with a URL that was signed for it. It
// reports false for any other request.
func clientCall(c fiber.Ctx) (chaos.Call, bool) {
	return chaos.Call{Service: "s3", Client: true}, c.Get(fiber.HeaderUserAgent) == "postern" && utils.IsPresignedURLAuth(c)
}

// withFaults passes a request on to the S3 server, unless its call is to fail on purpose.
func withFaults(c fiber.Ctx, issuer *iam.Issuer, faults awsserver.Faults) error {
	call, ok := functionCall(c, issuer)
	if !ok {
		call, ok = clientCall(c)
	}
	if !ok {
		return c.Next()
	}
	if fault := faults.Before(call); fault != chaos.None {
		return failOnPurpose(c, fault)
	}
	if err := c.Next(); err != nil {
		return err
	}
	if c.Response().StatusCode() < http.StatusMultipleChoices {
		if fault := faults.After(call); fault != chaos.None {
			return failOnPurpose(c, fault)
		}
	}
	return nil
}

// failOnPurpose answers as S3 does when it is overloaded or has failed, or breaks the connection.
// Source: Amazon S3 API Reference, "Error responses".
func failOnPurpose(c fiber.Ctx, fault chaos.Fault) error {
	if fault == chaos.Cut {
		return c.RequestCtx().Conn().Close()
	}
	refusal := s3err.APIError{Code: "InternalError", Description: "We encountered an internal error. Please try again.", HTTPStatusCode: http.StatusInternalServerError}
	if fault == chaos.Throttle {
		refusal = s3err.APIError{Code: "SlowDown", Description: "Please reduce your request rate.", HTTPStatusCode: http.StatusServiceUnavailable}
	}
	c.Response().Reset()
	return refuse(c, refusal)
}
