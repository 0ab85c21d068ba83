package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"postern/local/clip"
)

// prepare returns the path of the file to upload, once it is known to be readable and not empty. When path is empty,
// it makes the demo's clip in the folder data.
func prepare(path, data string) (string, error) {
	if path == "" {
		path = filepath.Join(data, "demo.mp4")
		if err := writeClip(path); err != nil {
			return "", fmt.Errorf("making the demo's video: %w", err)
		}
	}
	f, err := open(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("FILE does not exist: %s", path)
	}
	if err != nil {
		return "", fmt.Errorf("reading FILE: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("reading FILE: %w", err)
	}
	if info.Size() == 0 {
		return "", fmt.Errorf("FILE is empty, an upload has at least 1 byte: %s", path)
	}
	return path, nil
}

func writeClip(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, clip.MP4(), 0o644)
}

// open opens a regular file. A pipe would block, and could be read only once.
func open(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	return os.Open(path)
}

// A digest is a file's size in bytes and its SHA-256.
type digest struct {
	size   int64
	sha256 [sha256.Size]byte
}

// String is the digest as the demo prints it.
func (d digest) String() string {
	return fmt.Sprintf("%d bytes, SHA-256 %x", d.size, d.sha256)
}

func digestOf(path string) (digest, error) {
	f, err := open(path)
	if err != nil {
		return digest{}, err
	}
	defer func() { _ = f.Close() }()
	hash := sha256.New()
	size, err := io.Copy(hash, f)
	if err != nil {
		return digest{}, err
	}
	return digest{size, [sha256.Size]byte(hash.Sum(nil))}, nil
}
