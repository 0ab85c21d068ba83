package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"postern/api"
	"postern/client"
)

// smallFile is the size up to which a file is sent in one request, and granted with others. The client has it too.
const smallFile = 64 << 20

// smallSenders is how many small files are sent at once for each part of a large one: they wait for answers most of the time.
const smallSenders = 4

// A granted is a file with its grant, or without one if the API asks for it once more.
type granted struct {
	file  localFile
	grant *api.UploadGrant
}

// files uploads the small files, several at once, and then the large ones.
func (u *uploading) files(ctx context.Context, files []localFile) {
	var small, large []localFile
	for _, file := range files {
		switch {
		case file.err != nil:
			u.report.failed(ctx, file, "", file.err)
		case file.size > smallFile || u.Resume != "" || u.PartSize != nil && file.size > int64(*u.PartSize):
			large = append(large, file)
		default:
			small = append(small, file)
		}
	}
	u.small(ctx, small)
	for _, file := range large {
		if ctx.Err() != nil || u.report.isOver() {
			return
		}
		u.large(ctx, file)
	}
}

// small uploads files in one request each. Their grants come in batches, while others are sent.
func (u *uploading) small(ctx context.Context, files []localFile) {
	work := make(chan granted, api.MaxBatch/2)
	var senders sync.WaitGroup
	for range min(u.Concurrency*smallSenders, len(files)) {
		senders.Go(func() {
			for next := range work {
				if ctx.Err() == nil {
					u.whole(ctx, next)
				}
			}
		})
	}
	for batch := range slices.Chunk(files, api.MaxBatch) {
		if ctx.Err() != nil || !u.grant(ctx, batch, work) {
			break
		}
	}
	close(work)
	senders.Wait()
}

// grant asks for the grants of files, and hands those on that have one. It reports false if there is no use in asking on.
func (u *uploading) grant(ctx context.Context, files []localFile, work chan<- granted) bool {
	if len(files) == 1 {
		work <- granted{file: files[0]}
		return true
	}
	var requests []api.UploadRequest
	for _, file := range files {
		requests = append(requests, u.request(file.name, file.size))
	}
	results, err := u.api.Grants(ctx, requests)
	if err != nil {
		u.report.stop(fmt.Errorf("asking for grants: %w", err))
		return false
	}
	for i, result := range results {
		if result.Error != nil {
			u.report.failed(ctx, files[i], "", errors.New(result.Error.Message))
			continue
		}
		work <- granted{files[i], result.UploadGrant}
	}
	return true
}

// whole uploads a file in one request.
func (u *uploading) whole(ctx context.Context, next granted) {
	file, err := openFile(next.file.path)
	if err != nil {
		u.report.failed(ctx, next.file, "", err)
		return
	}
	defer func() { _ = file.Close() }()
	id, err := u.api.Upload(ctx, limited{file, ctx, u.limit}, client.UploadOptions{
		Request: u.request(next.file.name, next.file.size), Grant: next.grant, Concurrency: u.Concurrency, Progress: u.report.progress(next.file),
	})
	u.finish(ctx, next.file, id, err)
}

// large uploads a file in parts. What an earlier run of the command has begun, it goes on with.
func (u *uploading) large(ctx context.Context, file localFile) {
	opened, err := openFile(file.path)
	if err != nil {
		u.report.failed(ctx, file, "", err)
		return
	}
	defer func() { _ = opened.Close() }()
	state, err := openState(stateFolder("uploads"), u.account, opened)
	if err != nil {
		u.report.failed(ctx, file, "", err)
		return
	}
	defer state.close()
	options := client.UploadOptions{
		Request: u.request(file.name, file.size), Concurrency: u.Concurrency, Progress: u.report.progress(file),
		Save: func(now client.State) error {
			if state.State.ID != now.ID {
				u.report.note(fmt.Sprintf("uploading %s as %s", file.path, now.ID))
			}
			return state.save(now)
		},
	}
	switch {
	case u.Resume != "":
		options.Resume = &client.State{ID: string(u.Resume)}
	case state.State.ID != "" && !u.Restart:
		if err := state.check(); err != nil {
			u.report.failed(ctx, file, state.State.ID, err)
			return
		}
		before := state.State
		options.Resume = &before
	}
	id, err := u.api.Upload(ctx, limited{opened, ctx, u.limit}, options)
	if errors.Is(err, client.ErrGone) && options.Resume != nil {
		u.report.note(fmt.Sprintf("nothing is left of upload %s: %s is uploaded anew", options.Resume.ID, file.path))
		options.Resume = nil
		id, err = u.api.Upload(ctx, limited{opened, ctx, u.limit}, options)
	}
	if err == nil {
		state.remove()
	} else if ctx.Err() != nil && id != "" {
		u.report.note(fmt.Sprintf("%s is interrupted: the same command goes on with it, on another machine with --resume %s", file.path, id))
	}
	u.finish(ctx, file, id, err)
}
