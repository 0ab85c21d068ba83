package services

import (
	"context"
	"time"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/utils"

	"postern/local/iam"
)

// AccessForTest holds every operation on a store to what its caller may do. The S3 server's handlers, from which a test
// would come otherwise, do not reach all of them.
func AccessForTest(store backend.Backend, issuer *iam.Issuer, policies *iam.Policies) backend.Backend {
	return &access{store, issuer, policies}
}

// RequestForTest is the context of a request that an access key has just signed in its headers, and whose query has
// parameters by these names.
func RequestForTest(ctx context.Context, accessKeyID string, parameters ...string) context.Context {
	r := request{parameters: map[string]string{}, authType: "REST-HEADER", date: time.Now().UTC().Format("20060102T150405Z")}
	for _, name := range parameters {
		r.parameters[name] = ""
	}
	ctx = context.WithValue(ctx, requestKey{}, r)
	//nolint:staticcheck // The server's own key is a string.
	return context.WithValue(ctx, string(utils.ContextKeyAccount), auth.Account{Access: accessKeyID, Role: auth.RoleAdmin})
}
