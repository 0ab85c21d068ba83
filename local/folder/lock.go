// Package folder keeps in the data folder what is neither a service's nor a person's: the lock of the run that uses it, the
// credentials and addresses by which an operator's tools find that run, and its report of grants.
package folder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// patience bounds the wait for a command that is just ending to leave the data folder.
const patience = 3 * time.Second

// Lock makes the data folder and locks it for this process. The lock ends with the process, however it ends. Only its owner
// may look into the folder. If another process has the lock, the error names the folder and DATA.
func Lock(data string) (unlock func(), err error) {
	name := filepath.Join(data, "lock")
	_, err = os.Stat(name)
	used := err == nil
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	if used {
		// An earlier version let everybody look into it. The mode of a folder that is not ours yet is not ours to change.
		if err := os.Chmod(data, 0o700); err != nil {
			return nil, fmt.Errorf("closing the data folder to others: %w", err)
		}
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the data folder: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return func() { _ = file.Close() }, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("another local run uses the data folder %s: stop it, or set DATA to another folder", data)
	}
	return nil, fmt.Errorf("locking the data folder: %w", err)
}

// LockPatiently locks as Lock does. It waits up to three seconds for the lock of a command that is just ending.
func LockPatiently(data string) (unlock func(), err error) {
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if unlock, err = Lock(data); err == nil || time.Now().After(end) {
			return unlock, err
		}
	}
}
