package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"postern/internal/identity"
	"postern/internal/records"
)

// localStage is the stage that make run serves.
const localStage = "local"

// A location says where a stage is.
type location struct {
	Stage   string `default:"dev" help:"Stage to work on; local is the one that make run serves."`
	Profile string `placeholder:"NAME" help:"Profile of the AWS configuration. Default: AWS_PROFILE, else default."`
	Region  string `placeholder:"REGION" help:"AWS region of the stage. Default: AWS_REGION, else the profile's."`
	Data    string `default:".local" env:"DATA" placeholder:"FOLDER" help:"Data folder of the local run. Default: ${default}."`

	// named is whether the command line, and not the default, says which stage.
	named bool
}

// Validate refuses flags that would say nothing.
func (l location) Validate() error {
	if l.Stage == "" {
		return errors.New("--stage is empty: allowed is the name of a stage, such as dev or local")
	}
	if l.Stage == localStage && (l.Profile != "" || l.Region != "") {
		return errors.New("--profile and --region are for stages on AWS, not for --stage local")
	}
	return nil
}

// open finds where the stage keeps its users.
func (l location) open(ctx context.Context) (stage, error) {
	return find(ctx, l, l.openLocal, l.openDeployed)
}

// openStore finds where the stage keeps its uploads.
func (l location) openStore(ctx context.Context) (store, error) {
	return find(ctx, l, l.openLocalStore, l.openDeployedStore)
}

// apiURL finds the address of the stage's API.
func (l location) apiURL(ctx context.Context) (string, error) {
	outputs, err := find(ctx, l, l.openLocalOutputs, l.openDeployedOutputs)
	if err == nil && outputs["ApiUrl"] == "" {
		err = fmt.Errorf("finding stage %s: the stack lacks the output ApiUrl: deploy it anew", l.Stage)
	}
	return outputs["ApiUrl"], err
}

// find opens what a stage has, the local run's or a deployed one's.
func find[T any](ctx context.Context, l location, local, deployed func(context.Context) (T, error)) (T, error) {
	open := deployed
	if l.Stage == localStage {
		open = local
	}
	found, err := open(ctx)
	if err != nil {
		return found, fmt.Errorf("finding stage %s: %w", l.Stage, err)
	}
	return found, nil
}

// stackName is the name of the stage's stack.
func (l location) stackName() string { return "Postern-" + l.Stage }

// A stage is where a deployed stack, or the local run, keeps its users.
type stage struct {
	users    *records.Users
	secrets  *secretsmanager.Client
	ownerKey string // ARN of the secret that holds the key of the owner hash
}

// newStage connects to what a stack's outputs name.
func newStage(dynamo *dynamodb.Client, secrets *secretsmanager.Client, outputs map[string]string) (stage, error) {
	table, ownerKey := outputs["UsersTableName"], outputs["OwnerKeySecretArn"]
	if table == "" || ownerKey == "" {
		return stage{}, errors.New("the stack lacks the output UsersTableName or OwnerKeySecretArn: deploy it anew")
	}
	return stage{records.UsersOf(dynamo, table), secrets, ownerKey}, nil
}

// owner is the folder name of a new user's mail.
func (s stage) owner(ctx context.Context, mail identity.Mail) (string, error) {
	output, err := s.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.ownerKey})
	if err != nil {
		return "", fmt.Errorf("reading the owner key: %w", err)
	}
	var key []byte
	if output.SecretString != nil {
		key = []byte(*output.SecretString)
	}
	if err := identity.CheckKey(key); err != nil {
		return "", fmt.Errorf("reading the owner key: %w", err)
	}
	return identity.Owner(key, mail), nil
}
