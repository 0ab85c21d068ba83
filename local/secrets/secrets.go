// Package secrets serves a stack's generated secrets, each from a file of its own, by the part of Secrets Manager that
// hands them out.
package secrets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"postern/internal/cfn"
	"postern/local/awsserver"
	"postern/local/iam"
)

// alphabet holds the characters of a generated secret: 64, so that a random byte picks each equally often.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// A secret is a generated value, kept in a file.
type secret struct {
	cfn.Secret
	value string
	made  time.Time
}

// A store holds the secrets. They are found by name and by ARN.
type store struct {
	arns    awsserver.ARNs
	secrets []secret
}

// Open reads the stack's secrets from the folder secrets of the data folder and returns the service that hands them out.
// It generates those that are not there, from random. Only their owner may read the files.
func Open(data string, stack *cfn.Stack, random io.Reader) (awsserver.Service, error) {
	dir := filepath.Join(data, "secrets")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return awsserver.Service{}, fmt.Errorf("making the folder of secrets: %w", err)
	}
	st := store{arns: awsserver.ARNs{Region: stack.Region, Account: stack.AccountID}}
	for _, s := range stack.Secrets {
		opened, err := openSecret(filepath.Join(dir, filepath.Base(s.Name)), s, random)
		if err != nil {
			return awsserver.Service{}, fmt.Errorf("secret %s: %w", s.Name, err)
		}
		st.secrets = append(st.secrets, opened)
	}
	return awsserver.Service{Name: "secretsmanager", Target: "secretsmanager", Calls: st.calls, Handler: awsserver.Handler("", st.get)}, nil
}

func openSecret(file string, s cfn.Secret, random io.Reader) (secret, error) {
	value, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		if value, err = generate(s.Length, random); err == nil {
			err = writeSecret(file, value)
		}
	}
	if err != nil {
		return secret{}, err
	}
	if len(value) != s.Length {
		return secret{}, fmt.Errorf("%s has %d characters and the template wants %d: remove it to have it made again, with other owners",
			file, len(value), s.Length)
	}
	info, err := os.Stat(file)
	if err != nil {
		return secret{}, err
	}
	return secret{s, string(value), info.ModTime()}, nil
}

func generate(length int, random io.Reader) ([]byte, error) {
	value := make([]byte, length)
	if _, err := io.ReadFull(random, value); err != nil {
		return nil, fmt.Errorf("generating it: %w", err)
	}
	for i, b := range value {
		value[i] = alphabet[b%64]
	}
	return value, nil
}

// writeSecret puts the whole value in place at once: half of one would be a key for good.
func writeSecret(file string, value []byte) error {
	part := file + ".part"
	if err := os.WriteFile(part, value, 0o600); err != nil {
		return fmt.Errorf("writing it: %w", err)
	}
	return os.Rename(part, file)
}

// calls returns what a request wants to do.
// Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Secrets Manager".
func (st store) calls(operation string, input awsserver.Object) ([]iam.Call, error) {
	id, err := awsserver.Member[string](input, "SecretId")
	if err != nil {
		return nil, err
	}
	resource := id
	if s, ok := st.find(id); ok {
		resource = s.ARN
	} else if !strings.HasPrefix(id, "arn:") {
		resource = st.arns.ARN("secretsmanager", "secret:"+id)
	}
	return []iam.Call{{Action: "secretsmanager:" + operation, Resource: resource}}, nil
}

const currentStage = "AWSCURRENT"

// get answers GetSecretValue:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
func (st store) get(_ context.Context, operation string, input struct{ SecretId, VersionId, VersionStage string }) (any, error) {
	if operation != "GetSecretValue" {
		return nil, awsserver.Errorf("UnknownOperationException", "")
	}
	if input.SecretId == "" {
		return nil, awsserver.Errorf("InvalidParameterException", "You must provide a value for the SecretId parameter.")
	}
	s, ok := st.find(input.SecretId)
	if !ok || input.VersionId != "" && input.VersionId != s.version() || input.VersionStage != "" && input.VersionStage != currentStage {
		return nil, awsserver.Errorf("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	return map[string]any{
		"ARN":           s.ARN,
		"Name":          s.Name,
		"SecretString":  s.value,
		"VersionId":     s.version(),
		"VersionStages": []string{currentStage},
		"CreatedDate":   s.made.Unix(),
	}, nil
}

func (st store) find(id string) (secret, bool) {
	for _, s := range st.secrets {
		if id == s.Name || id == s.ARN {
			return s, true
		}
	}
	return secret{}, false
}

// version returns the id of the only version, in the form of a UUID.
func (s secret) version() string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", s.made.Unix())
}
