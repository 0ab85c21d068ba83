package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"postern/api"
)

// stdin is the file that is no file.
const stdin = "-"

// A localFile is a file to upload.
type localFile struct {
	path string
	name string // as it is declared
	size int64  // bytes
	// err is why it cannot be uploaded.
	err error
}

// findFiles returns the files that arguments name, each once, in their order. What cannot be read has an error.
func findFiles(arguments []string) []localFile {
	var found []localFile
	seen := map[string]bool{}
	add := func(file localFile) {
		if clean := filepath.Clean(file.path); !seen[clean] {
			seen[clean] = true
			found = append(found, file)
		}
	}
	for _, argument := range arguments {
		paths := []string{argument}
		if _, err := os.Lstat(argument); errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(argument, "*?[") {
			matches, err := filepath.Glob(argument)
			if err == nil && len(matches) == 0 {
				err = errors.New("no file matches this pattern")
			}
			if err != nil {
				add(localFile{path: argument, err: err})
				continue
			}
			paths = matches
		}
		for _, path := range paths {
			findBelow(path, add)
		}
	}
	return found
}

// findBelow adds a file, or those below a folder.
func findBelow(path string, add func(localFile)) {
	info, err := os.Stat(path)
	if err != nil {
		add(localFile{path: path, err: withoutPath(err)})
		return
	}
	if !info.IsDir() {
		add(newLocalFile(path, info))
		return
	}
	// A slash at the end has the folder walked that a link leads to.
	err = filepath.WalkDir(path+string(filepath.Separator), func(below string, entry fs.DirEntry, err error) error {
		below = filepath.Clean(below)
		switch {
		case err != nil:
			add(localFile{path: below, err: withoutPath(err)})
			return nil
		case below == filepath.Clean(path):
			return nil
		case strings.HasPrefix(entry.Name(), ".") && entry.IsDir():
			return fs.SkipDir
		case strings.HasPrefix(entry.Name(), ".") || entry.IsDir():
			return nil
		}
		info, err := os.Stat(below)
		if err != nil {
			add(localFile{path: below, err: withoutPath(err)})
		} else if !info.IsDir() { // a link to a folder may lead back here
			add(newLocalFile(below, info))
		}
		return nil
	})
	if err != nil {
		add(localFile{path: path, err: withoutPath(err)})
	}
}

// newLocalFile returns a file, with the error of one that can be no upload.
func newLocalFile(path string, info fs.FileInfo) localFile {
	file := localFile{path: path, name: declaredName(filepath.Base(path)), size: info.Size()}
	switch {
	case !info.Mode().IsRegular():
		file.err = errors.New("not a file: it is a device, a pipe or a socket")
	case info.Size() == 0:
		file.err = errors.New("it is empty: an upload has 1 byte at least")
	case info.Size() > api.MaxObject:
		file.err = fmt.Errorf("it has %d bytes: S3 stores %d at most", info.Size(), api.MaxObject)
	}
	return file
}

// openFile opens a file to upload. What has become a pipe meanwhile does not hold the command up.
func openFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, withoutPath(err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no longer a file: it has become a folder, a device, a pipe or a socket")
	}
	if err != nil {
		_ = file.Close()
		return nil, withoutPath(err)
	}
	return file, nil
}

// declaredName returns a file's name as the API takes it: with _ for what is no UTF-8, a control character or a backslash.
func declaredName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\\' || r == utf8.RuneError {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	return name
}

// withoutPath takes the path out of an error, which is told with it anyway.
func withoutPath(err error) error {
	if failure, ok := errors.AsType[*fs.PathError](err); ok {
		return failure.Err
	}
	return err
}
