package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"postern/api"
	"postern/client"
)

// A report tells how a run of upload goes: what is done on stdout, progress and errors on stderr.
type report struct {
	console console
	json    bool
	begun   time.Time
	bars    *mpb.Progress // nil where no terminal shows them
	bar     *mpb.Bar

	mutex    sync.Mutex
	total    int64            // bytes of all files
	sent     map[string]int64 // bytes, by path
	all      int64            // bytes that are at S3
	before   int64            // bytes of them that were there when this run began
	noticed  time.Time
	files    int
	failures int
	rejected int
	over     error // why it makes no sense to go on
}

func newReport(console console, json bool, files []localFile) *report {
	r := &report{console: console, json: json, begun: time.Now(), sent: map[string]int64{}, noticed: time.Now(), files: max(len(files), 1)}
	for _, file := range files {
		if file.err == nil {
			r.total += file.size
		}
	}
	if _, ok := terminalOf(console.err); ok {
		r.bars = mpb.New(mpb.WithOutput(console.err), mpb.WithWidth(80))
		// With a total from the beginning, the bar would end once all is sent, and nothing could be written above it.
		r.bar = r.bars.AddBar(0,
			mpb.PrependDecorators(decor.CountersKibiByte("% .1f / % .1f")),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return r.speed() })))
		r.bar.SetTotal(r.total, false)
	}
	return r
}

// expect says how much comes from stdin.
func (r *report) expect(bytes int64) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.total += bytes
	if r.bar != nil {
		r.bar.SetTotal(r.total, false)
	}
}

// progress returns what is called with the bytes of a file that are at S3.
func (r *report) progress(file localFile) func(int64) {
	begun := false
	return func(sent int64) {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		change := sent - r.sent[file.path]
		r.sent[file.path] = sent
		r.all += change
		if !begun && change > interrupted {
			r.before += change // what an earlier run has sent
		}
		begun = true
		if r.bar != nil {
			r.bar.SetCurrent(r.all)
		} else if !r.json && time.Since(r.noticed) >= noticeEvery {
			r.noticed = time.Now()
			r.console.note(fmt.Sprintf("%s of %s, %s\n", roundSize(r.all), roundSize(r.total), r.rate()))
		}
	}
}

// interrupted is the least that an upload has sent that goes on: more than is read at once.
const interrupted = 1 << 20

func (r *report) speed() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.rate()
}

// rate returns the speed of this run and the time that is left at that speed.
func (r *report) rate() string {
	seconds := time.Since(r.begun).Seconds()
	speed := float64(r.all-r.before) / max(seconds, 0.001)
	text := roundSize(int64(speed)) + "/s"
	if left := r.total - r.all; speed >= 1 && left > 0 {
		text += ", " + (time.Duration(float64(left)/speed) * time.Second).String() + " left"
	}
	return text
}

// note tells something that is neither a result nor an error.
func (r *report) note(text string) {
	if r.bars != nil {
		_, _ = io.WriteString(r.bars, printable(text)+"\n")
		return
	}
	r.console.note(printable(text) + "\n")
}

// An outcome is what --json prints of a file.
type outcome struct {
	File   string `json:"file"`
	ID     string `json:"id,omitempty"`
	Size   int64  `json:"size,omitempty"`
	Status string `json:"status,omitempty"`
	Reason string `json:"reason,omitempty"`
	Error  string `json:"error,omitempty"`
}

// done reports a file that S3 has stored.
func (r *report) done(file localFile, found client.Upload) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if found.Status == api.StatusRejected {
		r.rejected++
	}
	if r.json {
		r.writeLine(outcome{File: file.path, ID: found.ID, Size: found.Size, Status: found.Status, Reason: found.Reason})
		return
	}
	text := fmt.Sprintf("uploaded %s: %s, id %s", printable(file.path), roundSize(found.Size), found.ID)
	switch {
	case found.Status == api.StatusRejected && found.Detected != "":
		text += fmt.Sprintf(", rejected: %s, its content is %s", found.Reason, found.Detected)
	case found.Status == api.StatusRejected:
		text += ", rejected: " + found.Reason
	case found.Status == api.StatusReady:
		text += ", ready"
	}
	r.write(r.console.out, text+"\n")
}

// failed reports a file that was not uploaded. When the command is interrupted, that is told once, at the end.
func (r *report) failed(ctx context.Context, file localFile, id string, err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.failures++
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return
	}
	if failure, ok := errors.AsType[*client.Error](err); ok && failure.Status == http.StatusUnauthorized {
		r.over = err
	}
	if r.json {
		r.writeLine(outcome{File: file.path, ID: id, Error: err.Error()})
		return
	}
	r.write(r.console.err, fmt.Sprintf("error: %s: %s\n", printable(file.path), printableLines(err.Error())))
}

func (r *report) writeLine(of outcome) {
	text, err := compactJSON(of)
	if err == nil {
		r.write(r.console.out, string(text))
	}
}

// write writes above the bar, if there is one.
func (r *report) write(out io.Writer, text string) {
	if r.bars != nil {
		if _, ok := terminalOf(out); ok {
			out = r.bars
		}
	}
	_, _ = io.WriteString(out, text)
}

// stop says that there is no use in going on.
func (r *report) stop(err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.failures++
	r.over = err
}

func (r *report) isOver() bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.over != nil
}

// end ends the bar.
func (r *report) end() {
	if r.bars != nil {
		r.bar.Abort(false)
		r.bars.Wait()
	}
}

// A rejectedError says that uploads were stored, and rejected.
type rejectedError int

func (e rejectedError) Error() string { return fmt.Sprintf("%d of the uploads are rejected", int(e)) }

// result returns the error that the command ends with.
func (r *report) result(ctx context.Context) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case r.over != nil:
		return r.over
	case r.failures > 0:
		return fmt.Errorf("%d of %d files were not uploaded", r.failures, r.files)
	case r.rejected > 0:
		return rejectedError(r.rejected)
	}
	return nil
}
