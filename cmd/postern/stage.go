package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"postern/lambda/identity"
)

// localStage is the stage that make run serves.
const localStage = "local"

// A location says where a stage is.
type location struct {
	Stage   string `default:"dev" help:"Stage to work on; local is the one that make run serves."`
	Profile string `placeholder:"NAME" help:"Profile of the AWS configuration. Default: AWS_PROFILE, else default."`
	Region  string `placeholder:"REGION" help:"AWS region of the stage. Default: AWS_REGION, else the profile's."`
	Data    string `default:".local" env:"DATA" placeholder:"FOLDER" help:"Data folder of the local run. Default: ${default}."`
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

// open finds the stage.
func (l location) open(ctx context.Context) (stage, error) {
	find := l.openDeployed
	if l.Stage == localStage {
		find = l.openLocal
	}
	found, err := find(ctx)
	if err != nil {
		return stage{}, fmt.Errorf("finding stage %s: %w", l.Stage, err)
	}
	return found, nil
}

// stackName is the name of the stage's stack.
func (l location) stackName() string { return "Postern-" + l.Stage }

// A stage is where a deployed stack, or the local run, keeps its users.
type stage struct {
	users    users
	secrets  *secretsmanager.Client
	ownerKey string // ARN of the secret that holds the key of the owner hash
}

// newStage connects to what a stack's outputs name.
func newStage(dynamo *dynamodb.Client, secrets *secretsmanager.Client, outputs map[string]string) (stage, error) {
	table, ownerKey := outputs["UsersTableName"], outputs["OwnerKeySecretArn"]
	if table == "" || ownerKey == "" {
		return stage{}, errors.New("the stack lacks the output UsersTableName or OwnerKeySecretArn: deploy it anew")
	}
	return stage{users{dynamo, table}, secrets, ownerKey}, nil
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
