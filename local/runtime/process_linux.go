package runtime

import "syscall"

// attributes give a process a group of its own, and its death when this program dies without a chance to end it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
