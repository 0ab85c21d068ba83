package s3

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"

	"postern/local/iam"
)

// access checks each operation against what the role of its signer may do: header-signed requests, presigned URLs and
// forms alike. Operations that nothing of the stack or its operator uses are refused for everyone with NotImplemented, and
// so is whatever a newer server adds.
//
// Actions are those of the Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3".
type access struct {
	backend.BackendUnsupported

	store    backend.Backend
	issuer   *iam.Issuer
	policies *iam.Policies
}

var _ backend.Backend = (*access)(nil)

// check returns S3's AccessDenied unless the request's signer may make all of the calls.
func (a *access) check(ctx context.Context, calls ...iam.Call) error {
	signed, err := signatureConditions(ctx)
	if err != nil {
		return s3err.GetAPIError(s3err.ErrAccessDenied)
	}
	for i := range calls {
		all := maps.Clone(signed)
		maps.Copy(all, calls[i].Conditions)
		calls[i].Conditions = all
	}
	err = a.policies.Check(a.caller(ctx), calls...)
	if denied, ok := errors.AsType[*iam.DeniedError](err); ok {
		return s3err.APIError{Code: "AccessDenied", Description: denied.Error(), HTTPStatusCode: http.StatusForbidden}
	}
	return err
}

// do performs an operation on its input, unless it is denied.
func do[In, Out any](ctx context.Context, denied error, operation func(context.Context, In) (Out, error), in In) (Out, error) {
	if denied != nil {
		var none Out
		return none, denied
	}
	return operation(ctx, in)
}

// nobody is the principal of a request without credentials that were issued. It may do nothing.
const nobody = "nobody"

func (a *access) caller(ctx context.Context) string {
	account, _ := ctx.Value(string(utils.ContextKeyAccount)).(auth.Account)
	if credentials, ok := a.issuer.Find(account.Access); ok {
		return credentials.Role
	}
	return nobody
}

// requestKey is the key of a request in its context.
type requestKey struct{}

// A request holds what the check of its caller needs besides the operation.
type request struct {
	parameters map[string]string // of the query
	authType   string            // "REST-HEADER" or "REST-QUERY-STRING"; a form shows only once it is read
	date       string            // when it was signed: 20060102T150405Z
}

// readRequest reads the date of a signature from where the server reads it.
func readRequest(c fiber.Ctx) request {
	r := request{parameters: c.Queries(), authType: "REST-HEADER", date: c.Get("X-Amz-Date", c.Get(fiber.HeaderDate))}
	if utils.IsPresignedURLAuth(c) {
		r.authType, r.date = "REST-QUERY-STRING", c.Query("X-Amz-Date")
	}
	return r
}

// signatureVersion is the only one that the server takes.
const signatureVersion = "AWS4-HMAC-SHA256"

// signatureConditions returns the condition keys that tell how a request is signed. There are none on TLS, which this
// server does not have.
// Source: Amazon S3 API Reference, "Amazon S3 Signature Version 4 Authentication Specific Policy Keys".
func signatureConditions(ctx context.Context) (map[string]string, error) {
	r, ok := ctx.Value(requestKey{}).(request)
	if !ok {
		return nil, errors.New("the request is not known")
	}
	if form, ok := ctx.Value(string(utils.ContextKeyObjectPostResult)).(middlewares.PostObjectResult); ok {
		r.authType, r.date = "POST", form.Fields["x-amz-date"]
	}
	signed, err := time.Parse("20060102T150405Z", r.date)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"s3:authType":         r.authType,
		"s3:signatureversion": signatureVersion,
		"s3:signatureAge":     strconv.FormatInt(time.Since(signed).Milliseconds(), 10),
	}, nil
}

func (a *access) String() string { return a.store.String() }
func (a *access) Shutdown()      { a.store.Shutdown() }

func (a *access) NormalizeObjectKey(bucket, key string) string {
	return a.store.NormalizeObjectKey(bucket, key)
}
