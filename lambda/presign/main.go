// Presign signs what a caller may upload. It makes no network call and writes nothing: a signature carries its rules, S3
// enforces them.
//
// Whoever holds a form or a signed URL uploads with the rights of this function's role, when S3 gets it, which needs
// s3:PutObject and s3:PutObjectTagging on the folders' objects.
package main

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"postern/internal/apigw"
	"postern/internal/contract"
	"postern/internal/sign"
)

func main() {
	log := lambdacontext.NewLogger()
	gateway, err := wire(os.LookupEnv, log)
	if err != nil {
		log.Error("starting presign", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(gateway)
}

// wire makes the function of its environment.
func wire(lookup func(string) (string, bool), log *slog.Logger) (*apigw.Gateway, error) {
	environment, err := contract.FromEnv[contract.PresignEnv](lookup)
	if err != nil {
		return nil, err
	}
	runtime, err := contract.FromEnv[contract.RuntimeEnv](lookup)
	if err != nil {
		return nil, err
	}
	endpoint, _ := lookup("AWS_ENDPOINT_URL_S3")
	signer, err := sign.New(sign.Config{
		Region:   runtime.Region,
		Bucket:   environment.Bucket,
		Endpoint: endpoint,
		Credentials: sign.Credentials{
			AccessKeyID:     runtime.AccessKeyID,
			SecretAccessKey: runtime.SecretAccessKey,
			SessionToken:    runtime.SessionToken,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("making a signer: %w", err)
	}
	minter := &minter{
		folders:  environment.Folders,
		lifetime: environment.Lifetime,
		signer:   signer,
		now:      time.Now,
		random:   rand.Reader,
	}
	return apigw.New(contract.Presign, minter.handlers(), log)
}

// handlers are the minter's by route.
func (m *minter) handlers() map[string]apigw.Handler {
	return map[string]apigw.Handler{
		"GET /presignedurl": m.presignedURL,
		"POST /uploads":     m.upload,
	}
}
