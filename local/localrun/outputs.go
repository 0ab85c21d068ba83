package localrun

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

const healthTimeout = 2 * time.Second

// Outputs returns the outputs of the stack that a local run with this data folder serves, by name. A local run writes them
// to outputs.json, as cdk deploy --outputs-file does, and removes the file at its end.
func Outputs(data string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(data, "outputs.json"))
	if err != nil {
		return nil, fmt.Errorf("reading the stack's outputs: %w", err)
	}
	var stacks map[string]map[string]string
	if err := json.Unmarshal(text, &stacks); err != nil {
		return nil, fmt.Errorf("reading the stack's outputs: %w", err)
	}
	for _, outputs := range stacks {
		return outputs, nil
	}
	return nil, errors.New("reading the stack's outputs: outputs.json names no stack")
}

// Find returns the base URL of the API of the local run that uses a data folder. It reports false if none does, or if its
// API does not answer: a run that was killed leaves its outputs behind.
func Find(ctx context.Context, data string) (api string, ok bool) {
	outputs, err := Outputs(data)
	if err != nil {
		return "", false
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, outputs["ApiUrl"]+"health", http.NoBody)
	if err != nil {
		return "", false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", false
	}
	_ = response.Body.Close()
	return outputs["ApiUrl"], response.StatusCode == http.StatusOK
}
