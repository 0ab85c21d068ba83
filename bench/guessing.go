package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"postern/client"
	"postern/local/localrun"
)

// guessers is how many connections guess at a time.
const guessers = 48

// The user whom the guesser does not guess, and who signs in first while it does.
const (
	newcomerMail     = "newcomer@example.com"
	newcomerPassword = "a password of the newcomer"
)

// measureGuessing calls a local run as a caller whom it remembers, alone and while a guesser tries passwords for another
// mail as fast as it is answered. It fails unless somebody can sign in meanwhile who is not remembered.
func measureGuessing(ctx context.Context, bench *workbench) (comparison, error) {
	var during, alone []time.Duration
	err := bench.whileLocal(ctx, func(run *localrun.Run, c *client.Client) error {
		newcomer, err := bench.addUser(ctx, run, newcomerMail, newcomerPassword)
		if err != nil {
			return err
		}
		call := timed(func() error {
			_, err := c.Form(ctx, demoMail, "", "")
			return err
		})
		times := bench.times(400, 40)
		if alone, err = repeatedly(ctx, times, call); err != nil {
			return err
		}
		stop := guess(ctx, run.API)
		defer stop()
		if _, err := newcomer.Form(ctx, newcomerMail, "", ""); err != nil {
			return fmt.Errorf("signing in for the first time while somebody guesses: %w", err)
		}
		during, err = repeatedly(ctx, times, call)
		return err
	})
	return comparison{
		fmt.Sprintf("a remembered caller, while %d connections guess another's password: time", guessers), duration,
		side{"GET presignedurl, while they guess", seconds(during), 0},
		side{"GET presignedurl, alone", seconds(alone), 0},
		2,
	}, err
}

// repeatedly measures an operation a number of times, each after the other. The first time warms up and does not count.
func repeatedly(ctx context.Context, times int, operation func() (time.Duration, error)) ([]time.Duration, error) {
	var all []time.Duration
	for i := range times + 1 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		took, err := operation()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			all = append(all, took)
		}
	}
	return all, nil
}

// guess tries one wrong password after the other, over many connections, until stop is called.
func guess(ctx context.Context, address string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	connections := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: guessers}}
	var guessing sync.WaitGroup
	for connection := range guessers {
		guessing.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				_ = tryPassword(ctx, connections, address, fmt.Sprintf("guess %d of connection %d", i, connection))
			}
		})
	}
	return func() {
		cancel()
		guessing.Wait()
		connections.CloseIdleConnections()
	}
}

// tryPassword asks for the usage of a user with a wrong password.
func tryPassword(ctx context.Context, connections *http.Client, address, password string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"usage", http.NoBody)
	if err != nil {
		return err
	}
	request.SetBasicAuth("guessed@example.com", password)
	response, err := connections.Do(request)
	if err != nil {
		return err
	}
	if response.StatusCode < http.StatusBadRequest {
		err = errors.New("a guess was let in")
	}
	return errors.Join(err, response.Body.Close())
}
