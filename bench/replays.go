package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"postern/api"
	"postern/client"
	"postern/local/clip"
	"postern/local/localrun"
)

const (
	// replayRate is how many replays of one form are sent a second, if the machine can.
	replayRate = 2000
	// replayClients bounds how many are sent at the same time.
	replayClients = 64
	// allowedDelay is by how much a flood may delay another owner's uploads.
	allowedDelay = time.Second
)

// measureReplays uploads clips as one user, without and with another user's form being replayed all the time.
func measureReplays(ctx context.Context, bench *workbench) (comparison, error) {
	var calm, flooded []time.Duration
	var achieved float64
	err := bench.whileLocal(ctx, func(run *localrun.Run, attacker *client.Client) error {
		owner, err := bench.addUser(ctx, run, "other@example.com", "password of another owner")
		if err != nil {
			return err
		}
		arrivals := newArrivals(run, owner)
		if _, calm, err = arrivals.take(ctx, bench.times(60, 5), 0); err != nil {
			return err
		}
		form, err := attacker.Form(ctx, demoMail, "clip.mp4", "")
		if err != nil {
			return err
		}
		flood := flood{form: form, client: *attacker}
		flood.client.HTTP = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: replayClients}}
		arrivals.ids[form.ID] = true
		stop := flood.begin(ctx)
		_, flooded, err = arrivals.take(ctx, bench.times(60, 5), time.Second)
		achieved, err = stop(err)
		return err
	})
	if err != nil {
		return comparison{}, err
	}
	return comparison{
		"a clip of one owner, in the local run: time from its last byte to ready", duration,
		side{fmt.Sprintf("while another's form is replayed %.0f/s", achieved), seconds(flooded), seconds(calm).quantile(0.5) + allowedDelay.Seconds()},
		side{"without", seconds(calm), 0},
		0,
	}, nil
}

// addUser adds a user to a local run and returns a client that calls it as that user and repeats nothing.
func (b *workbench) addUser(ctx context.Context, run *localrun.Run, mail, password string) (*client.Client, error) {
	add := exec.CommandContext(ctx, filepath.Join(b.root, "bin", "postern"), "user", "add", mail, "--stage", "local", "--data", run.Data)
	add.Stdin = strings.NewReader(password + "\n")
	if out, err := add.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("adding a user: %w\n%s", err, bytes.TrimSpace(out))
	}
	c, err := client.New(run.API, client.Basic(mail, password))
	if err == nil {
		c.Attempts = 1
	}
	return c, err
}

// A flood sends one form again and again.
type flood struct {
	form   api.PresignedForm
	client client.Client
	sent   atomic.Int64
}

// begin starts the flood. stop ends it, and returns how many replays a second S3 has taken; its error joins the flood's to
// the one given.
func (f *flood) begin(ctx context.Context) (stop func(error) (float64, error)) {
	ctx, cancel := context.WithCancel(ctx)
	var (
		clients sync.WaitGroup
		once    sync.Once
		failure error
		due     = make(chan struct{}, replayClients)
		began   = time.Now()
	)
	clients.Go(func() {
		defer close(due)
		for n := 0; ctx.Err() == nil; n++ {
			time.Sleep(time.Until(began.Add(time.Duration(n) * time.Second / replayRate)))
			select {
			case due <- struct{}{}:
			case <-ctx.Done():
			}
		}
	})
	content := clip.MP4()
	for range replayClients {
		clients.Go(func() {
			for range due {
				if err := f.client.Post(ctx, f.form.URL, f.form.Fields, bytes.NewReader(content), int64(len(content))); err == nil {
					f.sent.Add(1)
				} else if ctx.Err() == nil {
					once.Do(func() { failure = err })
				}
			}
		})
	}
	return func(err error) (float64, error) {
		rate := float64(f.sent.Load()) / time.Since(began).Seconds()
		cancel()
		clients.Wait()
		return rate, errors.Join(err, failure)
	}
}
