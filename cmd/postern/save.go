package main

import (
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
)

const (
	partSuffix = ".part"
	maxName    = 255 // bytes of a file's name: NAME_MAX of Linux and macOS
)

// nameOf is the name to save an upload under: that of the Content-Disposition (RFC 6266), without folders and with _
// for what is no printable character. Where that would be no name, a hidden file's, or one that a shell or a command takes
// for something else (-rf, ~), it is the id.
func nameOf(disposition string, id uploadID) string {
	_, parameters, err := mime.ParseMediaType(disposition)
	if err != nil {
		return string(id)
	}
	name := parameters["filename"]
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.ReplaceAll(printable(name), string(unicode.ReplacementChar), "_")
	if strings.TrimSpace(name) == "" || strings.ContainsRune(".-~", rune(name[0])) || len(name) > maxName {
		return string(id)
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
