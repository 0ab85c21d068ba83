package main

import (
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// watched is in with a bar that grows as it is read, when somebody watches at a terminal. size is what it will be, in
// bytes. done ends the bar.
func (c console) watched(in io.Reader, size int64) (watched io.Reader, done func()) {
	if _, ok := terminalOf(c.err); !ok {
		return in, func() {}
	}
	progress := mpb.New(mpb.WithOutput(c.err), mpb.WithWidth(80))
	bar := progress.AddBar(size,
		mpb.PrependDecorators(decor.CountersKibiByte("% .1f / % .1f")),
		mpb.AppendDecorators(decor.AverageSpeed(decor.SizeB1024(0), "% .1f"), decor.Name(" "), decor.AverageETA(decor.ET_STYLE_GO)),
	)
	reader, err := bar.ProxyReader(in)
	if err != nil {
		reader = io.NopCloser(in)
	}
	return reader, func() {
		bar.Abort(false)
		progress.Wait()
	}
}
