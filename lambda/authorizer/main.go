// Authorizer says on whose behalf a request acts, or refuses it. It is API Gateway's REQUEST authorizer of every route
// that is not public: it reads HTTP's Basic credentials or a Bearer token, and the query parameter mail, and nothing else of
// a request. It fetches the keys of the stage's issuers when a token first needs them.
//
// It needs dynamodb:GetItem and BatchGetItem on the users table, dynamodb:UpdateItem on its items whose key begins with
// guesses#, dynamodb:GetItem and BatchGetItem on the uploads table, of which it reads each owner's usage and links, and secretsmanager:GetSecretValue on
// the owner key's secret.
package main

import (
	"crypto/rand"

	"github.com/aws/aws-lambda-go/lambda"

	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/function"
)

func main() {
	function.Start(func(setup function.Setup[contract.AuthorizerEnv]) (lambda.Handler, error) {
		authorizer, err := newAuthorizer(setup, rand.Reader)
		return apigw.Authorizer(authorizer.handle), err
	})
}
