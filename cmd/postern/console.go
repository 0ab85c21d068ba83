package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// A console is what the command reads from and writes to.
type console struct {
	in       io.Reader
	out, err io.Writer // questions and progress go to err, so that out can be piped on
}

// terminalOf returns the file descriptor of a stream if it is a terminal.
func terminalOf(stream any) (int, bool) {
	file, ok := stream.(*os.File)
	if !ok {
		return 0, false
	}
	fd := int(file.Fd())
	return fd, term.IsTerminal(fd)
}

func (c console) printf(format string, values ...any) error {
	_, err := fmt.Fprintf(c.out, format, values...)
	return err
}

// note writes what is not the result: a question, progress or a hint.
func (c console) note(text string) { _, _ = io.WriteString(c.err, text) }

// confirm asks a question and returns an error unless the answer is yes.
func (c console) confirm(ctx context.Context, question string) error {
	c.note(question + " [y/N] ")
	answer, err := await(ctx, func() (string, error) { return line(c.in, 64) })
	if err != nil {
		return err
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("not confirmed: nothing was changed")
	}
	return nil
}

// line reads the first line, without its end (LF or CRLF), or as much of it as limit bytes hold.
func line(in io.Reader, limit int64) (string, error) {
	text, err := bufio.NewReader(io.LimitReader(in, limit)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("reading stdin: %w", err)
	}
	text = strings.TrimSuffix(text, "\n")
	return strings.TrimSuffix(text, "\r"), nil
}

// await returns what read returns, or the cause of ctx's end if that comes first. The read then goes on: nothing can
// interrupt one from a terminal or a pipe, and the process is about to end.
func await(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		text string
		err  error
	}
	results := make(chan result, 1)
	go func() {
		text, err := read()
		results <- result{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case result := <-results:
		return result.text, result.err
	}
}
