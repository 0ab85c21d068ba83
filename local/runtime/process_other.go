//go:build !linux

package runtime

import "syscall"

// attributes give a process a group of its own. Without Linux's parent death signal, a process whose parent was killed
// ends when it next asks the Runtime API, which is gone: at once, unless it is busy.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
