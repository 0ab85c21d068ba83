package services

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/s3err"

	"postern/local/iam"
)

// boundaryKey is where a request's context holds the boundary of its form.
type boundaryKey struct{}

// A guard comes before everything the S3 server does.
type guard struct {
	issuer *iam.Issuer
	faults Faults
}

func (g guard) serve(c fiber.Ctx) error {
	if c.Method() == http.MethodPatch {
		// S3 has no PATCH. The server would administer its users and buckets with it.
		return c.SendStatus(http.StatusMethodNotAllowed)
	}
	if doubled(string(c.Request().URI().QueryString())) {
		// The server takes the first of two, where S3 signs both and finds another signature.
		refusal := s3err.GetAPIError(s3err.ErrSignatureDoesNotMatch)
		c.Type("xml")
		return c.Status(refusal.StatusCode()).Send(refusal.XMLBody("", ""))
	}
	c.Locals(requestKey{}, readRequest(c))
	if kind, parameters, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType)); err == nil && kind == fiber.MIMEMultipartForm {
		c.Locals(boundaryKey{}, parameters["boundary"])
	}
	err := withFaults(c, g.issuer, g.faults)
	if c.Response().StatusCode() >= http.StatusBadRequest {
		drain(c)
	}
	return err
}

// doubled reports whether a query has a parameter twice.
func doubled(query string) bool {
	values, err := url.ParseQuery(query)
	for _, v := range values {
		if len(v) > 1 {
			return true
		}
	}
	return err != nil
}

// maxDrained is how much of a refused upload is still read, in bytes.
const maxDrained = 1 << 30

// drain reads what is left of a request. A client that is still sending would otherwise see its connection reset, and
// never the answer.
func drain(c fiber.Ctx) {
	if body := c.Request().BodyStream(); body != nil {
		_, _ = io.CopyN(io.Discard, body, maxDrained)
	}
}

// A formFile reads the file of a form and fails when the form goes on after it.
type formFile struct {
	file io.Reader
	end  []byte // of a file that something follows
	seen []byte // the last bytes read, fewer than end has
	left int64  // bytes that the file should still have
}

func (f *formFile) Read(p []byte) (int, error) {
	n, err := f.file.Read(p)
	f.left -= int64(n)
	// The end may be cut by the reads.
	f.seen = append(f.seen, p[:n]...)
	if bytes.Contains(f.seen, f.end) || f.left < 0 || errors.Is(err, io.EOF) && f.left != 0 {
		return 0, s3err.GetAPIError(s3err.ErrMalformedPOSTRequest)
	}
	f.seen = append(f.seen[:0], f.seen[max(0, len(f.seen)-len(f.end)+1):]...)
	return n, err
}
