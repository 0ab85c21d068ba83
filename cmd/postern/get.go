package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"postern/client"
)

// toStdout is the output that is not a file.
const toStdout = "-"

type getUpload struct {
	caller
	identified
	Output string `short:"o" placeholder:"FILE" help:"File to write, or - for stdout. Default: the file's own name, in this folder."`
	Force  bool   `help:"Write over a file that exists."`
}

// Help is the long text of --help.
func (getUpload) Help() string {
	return `The file is written to FILE.part, which becomes FILE when it is whole: of the size that the upload has, and with its
checksum if it has one. When the connection is lost, the download goes on where it was. A file of more than 32 MiB comes in pieces,
several at once; when its download was interrupted, the same command goes on with it.

` + callerHelp
}

// Run downloads an upload that is ready.
func (c getUpload) Run(ctx context.Context, at location, console console) error {
	if _, ok := terminalOf(console.out); ok && c.Output == toStdout && !c.Force {
		return usageError("stdout is a terminal: name a file with --output, pipe it on, or insist with --force")
	}
	remote, u, err := c.get(ctx, at, console, c.ID)
	if err != nil {
		return err
	}
	if err := c.download(ctx, console, remote, u); err != nil {
		return fmt.Errorf("downloading upload %s: %w", u.ID, err)
	}
	return nil
}

// download writes the bytes to where they belong.
func (c getUpload) download(ctx context.Context, console console, remote *client.Client, u client.Upload) error {
	switch {
	case u.Reason != "" && u.Detected != "":
		return fmt.Errorf("it was rejected: %s, its content is %s", u.Reason, u.Detected)
	case u.Reason != "":
		return fmt.Errorf("it was rejected: %s", u.Reason)
	}
	download, err := remote.Download(ctx, u.Upload)
	if err != nil {
		return err
	}
	defer func() { _ = download.Close() }()
	receive := func(out io.Writer) error {
		in, done := console.watch(download, u.Size)
		defer done()
		_, err := io.Copy(out, in)
		return err
	}
	if c.Output == toStdout {
		return receive(console.out)
	}
	name := c.Output
	if name == "" {
		name = fileName(download.Header.Get("Content-Disposition"), u.ID)
	}
	if u.Size > parallelAbove {
		_ = download.Close() // it has told the name
		remote.Attempts = patience
		err = receiveFile(ctx, console, remote, u, name, c.Force)
	} else {
		err = save(name, c.Force, receive)
	}
	if err != nil {
		return err
	}
	checked := "it has no checksum"
	if u.Checksum != "" {
		checked = "its checksum is right"
	}
	return console.printf("saved %s: %s, %s\n", name, roundSize(u.Size), checked)
}

const (
	partSuffix = ".part"
	maxName    = 255 // bytes of a file's name: NAME_MAX of Linux and macOS
)

// fileName returns the name to save an upload under: that of the Content-Disposition (RFC 6266), without folders and with _
// for what is not a printable character. Where that would not be a name, a hidden file's, or one that a shell or a command takes
// for something else (-rf, ~), it is the id.
func fileName(disposition, id string) string {
	_, parameters, err := mime.ParseMediaType(disposition)
	if err != nil {
		return id
	}
	name := parameters["filename"]
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.ReplaceAll(printable(name), string(unicode.ReplacementChar), "_")
	if strings.TrimSpace(name) == "" || strings.ContainsRune(".-~", rune(name[0])) || len(name) > maxName {
		return id
	}
	return name
}

// save writes a file by its part, so that the file is whole or not there at all. Without force it refuses to replace a
// file. The part of a write that failed is removed.
func save(name string, force bool, write func(io.Writer) error) (err error) {
	if err := free(name, force); err != nil {
		return err
	}
	part := partOf(name)
	if force {
		if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) // less the umask
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%q exists: another download is writing it, or was killed; --force begins anew", part)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part)
		}
	}()
	if err := errors.Join(write(file), file.Close()); err != nil {
		return err
	}
	if err := free(name, force); err != nil {
		return err
	}
	return os.Rename(part, name)
}

// free returns an error when a file must not be written over.
func free(name string, force bool) error {
	if force {
		return nil
	}
	_, err := os.Lstat(name)
	if err == nil {
		return fmt.Errorf("%q exists: name another file with --output, or write over it with --force", name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// partOf is what a file is called while it is written. It is in the same folder, so that it can be renamed.
func partOf(name string) string {
	folder, base := filepath.Split(name)
	end := min(len(base), maxName-len(partSuffix))
	for end > 0 && end < len(base) && !utf8.RuneStart(base[end]) {
		end--
	}
	return folder + base[:end] + partSuffix
}
