package s3

import (
	"context"
	"os"
	"time"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/utils"

	"postern/local/iam"
)

// AccessForTest checks every operation on a store against what its caller may do. The S3 server's handlers, from which a test
// would come otherwise, do not reach all of them.
func AccessForTest(store backend.Backend, issuer *iam.Issuer, policies *iam.Policies) backend.Backend {
	return &access{store: store, issuer: issuer, policies: policies}
}

// RequestForTest is the context of a request that an access key has just signed in its headers, and whose query has
// parameters by these names.
func RequestForTest(ctx context.Context, accessKeyID string, parameters ...string) context.Context {
	r := request{parameters: map[string]string{}, authType: "REST-HEADER", date: time.Now().UTC().Format("20060102T150405Z")}
	for _, name := range parameters {
		r.parameters[name] = ""
	}
	return signed{context.WithValue(ctx, requestKey{}, r), auth.Account{Access: accessKeyID, Role: auth.RoleAdmin}}
}

// A signed context has the server's own key, which is a string, for the account of the signer.
type signed struct {
	context.Context

	account auth.Account
}

// Value implements context.Context.
func (s signed) Value(key any) any {
	if key == string(utils.ContextKeyAccount) {
		return s.account
	}
	return s.Context.Value(key)
}

// OpenStoreForTest opens the store below a folder. copied is called for each part of a completion in place of copying it.
func OpenStoreForTest(data string, copied func(object, part *os.File) error) (backend.Backend, error) {
	store, err := openStore(data)
	if err != nil {
		return nil, err
	}
	store.copy = copied
	return store, nil
}

// OnClaimForTest calls do with each port that a server is about to listen on, until the returned function is called.
func OnClaimForTest(do func(port int)) (end func()) {
	before := claimed
	claimed = do
	return func() { claimed = before }
}
