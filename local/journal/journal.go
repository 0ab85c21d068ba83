// Package journal keeps over restarts what a service holds in memory: a file of JSON lines, one a change, that is read at the
// next start.
package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A Log is an open file of changes. It is safe for concurrent use.
//
// Append hands a line to the system in one write. That survives the end of this process, however it ends. The line is not
// synced to the disk: neither are objects, and a sync would take milliseconds a write. So a power failure may lose the last
// lines and leave half a line, which the next start drops.
type Log struct {
	// Modified is the time of the last change of an earlier run. It is zero if there was no earlier run.
	Modified time.Time

	mu   sync.Mutex
	file *os.File
	err  error // of the first change that could not be kept
}

// Open reads the changes that earlier runs have kept in a file, in their order, by replay. Then it starts the file anew with
// the changes that snapshot writes, which must lead to the same state, so that the file does not grow from run to run. Only
// its owner may read the file.
func Open(name string, replay func(change []byte) error, snapshot func(write func(change any) error) error) (*Log, error) {
	l := &Log{}
	if err := l.read(name, replay); err != nil {
		return nil, fmt.Errorf("reading %s: %w", filepath.Base(name), err)
	}
	if err := l.rewrite(name, snapshot); err != nil {
		return nil, fmt.Errorf("writing %s: %w", filepath.Base(name), err)
	}
	return l, nil
}

func (l *Log) read(name string, replay func([]byte) error) error {
	file, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	l.Modified = info.ModTime()
	lines := bufio.NewReader(file)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // what is left is half a line, or nothing
		}
		if err == nil {
			err = replay(line)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w: remove the file to start without what is in it", n, err)
		}
	}
}

// rewrite puts the whole snapshot in place at once, and on the disk: until then the changes of earlier runs are kept.
func (l *Log) rewrite(name string, snapshot func(func(any) error) error) error {
	file, err := os.OpenFile(name+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriter(file)
	encoder := json.NewEncoder(buffer)
	err = snapshot(encoder.Encode)
	if err == nil {
		err = errors.Join(buffer.Flush(), file.Sync())
	}
	if err == nil {
		err = os.Rename(name+".part", name)
	}
	if err != nil {
		_ = file.Close()
		return err
	}
	l.file = file
	return nil
}

// Append keeps a change. Once it fails it always fails: a later change may depend on the one that is lost.
func (l *Log) Append(change any) error {
	line, err := json.Marshal(change)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil && err == nil {
		_, err = l.file.Write(append(line, '\n'))
	}
	if l.err == nil && err != nil {
		l.err = fmt.Errorf("keeping a change: %w", err)
	}
	return l.err
}

// Close closes the file.
func (l *Log) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.file.Close()
}
