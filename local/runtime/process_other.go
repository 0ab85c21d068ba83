//go:build !linux

package runtime

import "syscall"

// attributes give a process a group of its own. There is no parent death signal as on Linux: a process whose parent was
// killed ends when it next asks the Runtime API. This is at once, unless it is busy.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
