package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"postern/client"
	"postern/local/localrun"
)

// measureBearer has the authorizer judge a token that it remembers.
func measureBearer(ctx context.Context, bench *workbench) (comparison, error) {
	return bench.compareAuthorizer(ctx, "authorizer, a remembered token", func(authorizer function, _ string) function { return authorizer })
}

// measureBadTokens has the authorizer judge tokens whose signature is wrong, each another.
func measureBadTokens(ctx context.Context, bench *workbench) (comparison, error) {
	result, err := bench.compareAuthorizer(ctx, "authorizer, a token of a wrong signature", func(authorizer function, token string) function {
		authorizer.vary = func(event []byte, n int64) []byte {
			const digits = 12 // at the signature's beginning, where each letter counts
			at := strings.LastIndex(token, ".") + 1
			return bytes.ReplaceAll(event, []byte(token), fmt.Appendf(nil, "%s%0*d%s", token[:at], digits, n, token[at+digits:]))
		}
		authorizer.check = isRefused
		return authorizer
	})
	result.ratioGoal = 0
	return result, err
}

// compareAuthorizer compares the authorizer of a local run, as change has it judge a token of that run's issuer.
func (b *workbench) compareAuthorizer(ctx context.Context, name string, change func(authorizer function, token string) function) (comparison, error) {
	var result comparison
	err := b.whileLocal(ctx, func(run *localrun.Run, _ *client.Client) error {
		token, err := localToken(ctx, run.API)
		if err != nil {
			return err
		}
		authorizer, empty, err := b.authorizer(ctx, run, token)
		if err == nil {
			result, err = b.compareInvocations(ctx, name, change(authorizer, token), empty)
		}
		return err
	})
	return result, err
}

// localToken returns a token of a local run's issuer.
func localToken(ctx context.Context, address string) (string, error) {
	issuer, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	issuer.Path = "/issuer/demo"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, issuer.String(), http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("asking for a token: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	token, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return strings.TrimSpace(string(token)), err
}

// authorizer returns the authorizer of a local run, which gets an event with a token, and the empty function, which gets the same.
// Its environment is that of the process with which the run has answered a call.
func (b *workbench) authorizer(ctx context.Context, run *localrun.Run, token string) (authorizer, empty function, err error) {
	c, err := client.New(run.API, client.Bearer(token))
	if err != nil {
		return authorizer, empty, err
	}
	if _, err := c.Usage(ctx); err != nil {
		return authorizer, empty, err
	}
	env, err := environmentOf(run.PID(), "Authorizer")
	if err != nil {
		return authorizer, empty, err
	}
	event, err := bearerEvent(filepath.Join(b.root, "lambda", "authorizer", "testdata", "event.json"), token)
	if err != nil {
		return authorizer, empty, fmt.Errorf("reading the event: %w", err)
	}
	ours, err := b.unpack("authorizer")
	if err != nil {
		return authorizer, empty, err
	}
	reference, err := b.unpack("empty")
	return function{program: ours, env: env, event: event, check: isAllowed}, function{program: reference, env: env, event: event, check: isNull}, err
}

// environmentOf returns the environment of a process that a local run has started for a function whose name has a part.
func environmentOf(run int, part string) ([]string, error) {
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(processes) == 0 {
		return nil, fmt.Errorf("%w: it needs the /proc of Linux", errSkipped)
	}
	for _, process := range processes {
		stat, statErr := os.ReadFile(filepath.Join(process, "stat"))
		text, err := os.ReadFile(filepath.Join(process, "environ"))
		if err = errors.Join(statErr, err); errors.Is(err, fs.ErrNotExist) || err != nil {
			continue // it has ended, or is another's
		}
		_, after, _ := bytes.Cut(stat, []byte(") "))
		fields := bytes.Fields(after)
		if len(fields) < 2 || string(fields[1]) != fmt.Sprint(run) {
			continue
		}
		env := strings.Split(strings.TrimRight(string(text), "\x00"), "\x00")
		name := slices.IndexFunc(env, func(v string) bool { return strings.HasPrefix(v, "AWS_LAMBDA_FUNCTION_NAME=") })
		if name >= 0 && strings.Contains(env[name], part) {
			return slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, "AWS_LAMBDA_RUNTIME_API=") }), nil
		}
	}
	return nil, fmt.Errorf("the local run has no process of function %s", part)
}

// bearerEvent returns the event of a file, with a token in the place of its credentials.
func bearerEvent(file, token string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var event map[string]any
	if err := json.Unmarshal(text, &event); err != nil {
		return nil, err
	}
	event["headers"].(map[string]any)["authorization"] = "Bearer " + token
	event["multiValueHeaders"].(map[string]any)["authorization"] = []string{"Bearer " + token}
	return json.Marshal(event)
}

func isAllowed(response []byte) error {
	if !bytes.Contains(response, []byte(`"Effect":"Allow"`)) {
		return fmt.Errorf("the authorizer answered %.300q, want that it allows", response)
	}
	return nil
}

func isRefused(response []byte) error {
	if !bytes.Contains(response, []byte(`"errorMessage":"Unauthorized"`)) {
		return fmt.Errorf("the authorizer answered %.300q, want that it refuses", response)
	}
	return nil
}
