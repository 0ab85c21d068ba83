package media_test

import (
	"io"
	"strings"
	"testing"

	"postern/local/clip"
)

// A counter counts the bytes that are read of a content.
type counter struct {
	io.ReaderAt
	read int64
}

func (c *counter) ReadAt(p []byte, offset int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, offset)
	c.read += int64(n)
	return n, err
}

// BenchmarkCheck inspects a small video and one of 5 GiB whose index is at its end.
func BenchmarkCheck(b *testing.B) {
	const size = 5 << 30
	start, moov := ftyp("isom", "isom"), box("moov", zeros(100_000))
	media := size - int64(len(start)) - int64(len(moov))
	for _, file := range []struct {
		name    string
		size    int64
		content io.ReaderAt
	}{
		{"clip", int64(len(clip.MP4())), strings.NewReader(string(clip.MP4()))},
		{"5 GiB", size, sparse{0: start + "\x00\x00\x00\x01mdat" + be64(int(media)), size - int64(len(moov)): moov}},
	} {
		b.Run(file.name, func(b *testing.B) {
			content := &counter{ReaderAt: file.content}
			for b.Loop() {
				if content.read = 0; !checkSized(b, mp4, file.size, content) {
					b.Fatal("the video is refused")
				}
			}
			b.ReportMetric(float64(content.read), "B-read/op")
		})
	}
}
