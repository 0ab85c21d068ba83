package media

import (
	"bytes"
	"errors"
	"io"
)

// window is how much of a file is read at once at most: its beginning and one other place; its end may be two. Whatever
// else is read are a few headers.
const window = 16 << 10

// A file is content that is being looked at. The first fault ends it: from then on nothing can be read.
type file struct {
	content io.ReaderAt
	size    int64 // bytes
	head    []byte
	end     []byte // nil before it is read
	err     error
}

// at is exactly length bytes from offset on, nil if they are not all inside the file or cannot be read.
func (f *file) at(offset, length int64) []byte {
	if offset < 0 || length <= 0 || offset > f.size-length || f.err != nil {
		return nil
	}
	if offset+length <= int64(len(f.head)) {
		return f.head[offset : offset+length]
	}
	if start := f.size - int64(len(f.end)); f.end != nil && offset >= start {
		return f.end[offset-start : offset-start+length]
	}
	p := make([]byte, length)
	if n, err := f.content.ReadAt(p, offset); n < len(p) {
		if f.err = err; errors.Is(err, io.EOF) {
			f.err = io.ErrUnexpectedEOF
		}
		return nil
	}
	return p
}

// upTo is what there is of length bytes from offset on.
func (f *file) upTo(offset, length int64) []byte {
	return f.at(offset, min(length, f.size-offset))
}

// tail is the last two windows of the file, or all of it. Of an archive it is one: its directory is another.
func (f *file) tail() []byte {
	if f.end == nil {
		length := int64(2 * window)
		if f.isArchive() {
			length = window
		}
		f.end = f.upTo(max(0, f.size-length), length)
	}
	return f.end
}

// begins reports whether the file begins with one of the prefixes.
func (f *file) begins(prefixes ...string) bool {
	for _, prefix := range prefixes {
		if bytes.HasPrefix(f.head, []byte(prefix)) {
			return true
		}
	}
	return false
}
