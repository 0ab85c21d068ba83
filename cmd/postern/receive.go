package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"postern/client"
)

// parallelAbove is the size from which on a download comes in pieces, in bytes.
const parallelAbove = 32 << 20

// receiveFile downloads a large file by its part, in pieces. What an earlier run of the command has left of the part, it
// goes on with.
func receiveFile(ctx context.Context, console console, remote *client.Client, u client.Upload, name string, force bool) error {
	if err := free(name, force); err != nil {
		return err
	}
	part := partOf(name)
	path, err := filepath.Abs(part)
	if err != nil {
		return err
	}
	var before client.ReceiveState
	state, err := openStored(stateFolder("downloads"), path, &before)
	if errors.Is(err, errLocked) {
		return fmt.Errorf("%q is being written by another process: wait until that ends", part)
	}
	if err != nil {
		return err
	}
	defer state.close()
	file, err := openPart(part, before, u.ID, force)
	if err != nil {
		return err
	}
	report := newReport(console, true, []localFile{{path: name, size: u.Size}})
	err = remote.Receive(ctx, u.Upload, file, client.ReceiveOptions{
		Resume: &before, Save: func(now client.ReceiveState) error { return state.save(now) },
		Progress: report.progress(localFile{path: name}),
	})
	report.end()
	err = errors.Join(err, file.Close())
	switch {
	case errors.Is(err, client.ErrChanged), errors.Is(err, client.ErrDamaged):
		_ = os.Remove(part)
		state.remove()
		return err
	case err != nil:
		if ctx.Err() != nil {
			console.note(fmt.Sprintf("%s is interrupted: the same command goes on with it\n", printable(name)))
		}
		return err
	}
	if err := free(name, force); err != nil {
		return err
	}
	if err := os.Rename(part, name); err != nil {
		return err
	}
	state.remove()
	return nil
}

// openPart opens the part of a download: that of the same upload if an earlier run has left it, or else a new one.
func openPart(part string, before client.ReceiveState, id string, force bool) (*os.File, error) {
	if before.ID != id || force {
		_, err := os.Lstat(part)
		switch {
		case err == nil && !force:
			return nil, fmt.Errorf("%q exists: it is of another download; --force begins anew", part)
		case err == nil:
			if err := os.Remove(part); err != nil {
				return nil, err
			}
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666) // less the umask
}
