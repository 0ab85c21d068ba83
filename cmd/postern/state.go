package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"postern/api"
	"postern/client"
)

// stateFolder returns the folder in which the command keeps what it needs to go on with something after it was
// interrupted. Source: XDG Base Directory Specification.
func stateFolder(name string) string { return xdgFolder("XDG_STATE_HOME", ".local/state", name) }

func xdgFolder(variable, fallback, name string) string {
	base := os.Getenv(variable)
	if !filepath.IsAbs(base) { // the specification has others ignored
		home, err := os.UserHomeDir()
		if err != nil {
			home = os.TempDir()
		}
		base = filepath.Join(home, fallback)
	}
	return filepath.Join(base, "postern", name)
}

// An uploadState is what a run of the command leaves to the next one that uploads the same file.
type uploadState struct {
	// File is the file's absolute path.
	File string `json:"file"`
	// Account is who uploads it, and where.
	Account string `json:"account"`
	// Size is the file's size in bytes, and Modified its time, when the upload began.
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	// State is the upload's.
	State client.State `json:"upload"`

	stored *storedState
	now    fs.FileInfo
}

// openState opens the state of the upload of a file by an account. No other process can have it open.
func openState(folder, account string, file *os.File) (*uploadState, error) {
	path, err := filepath.Abs(file.Name())
	if err != nil {
		return nil, err
	}
	s := &uploadState{}
	if s.now, err = file.Stat(); err != nil {
		return nil, withoutPath(err)
	}
	if s.stored, err = openStored(folder, account+" "+path, s); errors.Is(err, errLocked) {
		return nil, fmt.Errorf("another process uploads it: wait until that ends")
	} else if err != nil {
		return nil, err
	}
	s.File, s.Account = path, account
	return s, nil
}

// openStates returns the states of an account's uploads that are not complete, as far as they were begun on this machine.
func openStates(folder, account string) ([]uploadState, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	var states []uploadState
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its upload is complete now
		}
		if err != nil {
			return nil, err
		}
		var state uploadState
		if json.Unmarshal(text, &state) == nil && state.Account == account && api.IsID(state.State.ID) {
			states = append(states, state)
		}
	}
	return states, nil
}

// check returns an error if the file is not the one that the upload began with.
func (s *uploadState) check() error {
	if s.Size == s.now.Size() && s.Modified.Equal(s.now.ModTime()) {
		return nil
	}
	return fmt.Errorf("%w since upload %s of it began: it had %d bytes of %s, and has %d of %s: --restart uploads it anew",
		client.ErrChanged, s.State.ID, s.Size, formatTime(s.Modified), s.now.Size(), formatTime(s.now.ModTime()))
}

func (s *uploadState) save(now client.State) error {
	s.State, s.Size, s.Modified = now, s.now.Size(), s.now.ModTime()
	return s.stored.save(s)
}

func (s *uploadState) remove() { s.stored.remove() }
func (s *uploadState) close()  { s.stored.close() }

// A storedState is a JSON file that one process at a time has open.
type storedState struct{ file *os.File }

var errLocked = errors.New("another process has it open")

// openStored opens a state by what it is of, and reads it into value if there is one. It returns errLocked while another
// process has it open.
func openStored(folder, of string, value any) (*storedState, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of states: %w", err)
	}
	sum := sha256.Sum256([]byte(of))
	path := filepath.Join(folder, hex.EncodeToString(sum[:16])+".json")
	for {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("opening the state: %w", err)
		}
		if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			return nil, errors.Join(errLocked, file.Close())
		}
		// The process that had it open may have removed it in between.
		opened, openErr := file.Stat()
		present, err := os.Stat(path)
		if openErr != nil || err != nil || !os.SameFile(opened, present) {
			_ = file.Close()
			continue
		}
		text, err := io.ReadAll(file)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("reading the state: %w", err), file.Close())
		}
		// One that is cut off says nothing: what it was of begins anew, or is found by its id.
		_ = json.Unmarshal(text, value)
		return &storedState{file}, nil
	}
}

func (s *storedState) save(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if _, err := s.file.WriteAt(append(text, '\n'), 0); err != nil {
		return err
	}
	return s.file.Truncate(int64(len(text) + 1))
}

// remove removes the state: what it is of is done.
func (s *storedState) remove() { _ = os.Remove(s.file.Name()) }

// close lets other processes open the state. One that holds nothing is removed.
func (s *storedState) close() {
	if info, err := s.file.Stat(); err == nil && info.Size() == 0 {
		s.remove()
	}
	_ = s.file.Close()
}
