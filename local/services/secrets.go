package services

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"postern/internal/cfn"
)

// secretAlphabet are the characters of a generated secret. There are 64 of them, so that a byte picks one evenly.
const secretAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// A secret is a generated value, kept in a file.
type secret struct {
	cfn.Secret
	value string
	made  time.Time
}

// Secrets are served by name and by ARN.
type secrets []secret

// openSecrets reads the secrets and generates those that are not there.
func openSecrets(data string, list []cfn.Secret, random io.Reader) (secrets, error) {
	dir := filepath.Join(data, "secrets")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of secrets: %w", err)
	}
	var all secrets
	for _, s := range list {
		opened, err := openSecret(filepath.Join(dir, filepath.Base(s.Name)), s, random)
		if err != nil {
			return nil, fmt.Errorf("secret %s: %w", s.Name, err)
		}
		all = append(all, opened)
	}
	return all, nil
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
		value[i] = secretAlphabet[b%64]
	}
	return value, nil
}

// writeSecret puts the whole value in place at once: half of one would become a key for good.
func writeSecret(file string, value []byte) error {
	part := file + ".part"
	if err := os.WriteFile(part, value, 0o600); err != nil {
		return fmt.Errorf("writing it: %w", err)
	}
	return os.Rename(part, file)
}

// ServeHTTP answers GetSecretValue:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
func (ss secrets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation := targetOf(r)
	if operation != "GetSecretValue" {
		fail(w, http.StatusBadRequest, "UnknownOperationException", "")
		return
	}
	var input struct{ SecretId, VersionId, VersionStage string }
	if err := json.NewDecoder(r.Body).Decode(&input); err != nil {
		fail(w, http.StatusBadRequest, "SerializationException", "")
		return
	}
	if input.SecretId == "" {
		fail(w, http.StatusBadRequest, "InvalidParameterException", "You must provide a value for the SecretId parameter.")
		return
	}
	s, ok := ss.find(input.SecretId)
	if !ok || input.VersionId != "" && input.VersionId != s.version() || input.VersionStage != "" && input.VersionStage != currentStage {
		fail(w, http.StatusBadRequest, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"ARN":           s.ARN,
		"Name":          s.Name,
		"SecretString":  s.value,
		"VersionId":     s.version(),
		"VersionStages": []string{currentStage},
		"CreatedDate":   s.made.Unix(),
	})
}

const currentStage = "AWSCURRENT"

func (ss secrets) find(id string) (secret, bool) {
	for _, s := range ss {
		if id == s.Name || id == s.ARN {
			return s, true
		}
	}
	return secret{}, false
}

// version names the only version there is, in the form of a UUID.
func (s secret) version() string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", s.made.Unix())
}
