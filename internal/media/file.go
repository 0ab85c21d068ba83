package media

import (
	"bytes"
	"errors"
	"io"

	"postern/internal/upload"
)

const (
	// window is the most that is read at once of a file's beginning.
	window = 16 << 10
	// shortTail is how much of the end is read of an ordinary file.
	shortTail = 32 << 10
	// longTail is how much of the end can hold a ZIP's end record: the record and the longest comment.
	longTail = endLength + 1<<16 - 1
	// budget is the most that is read in all. An ordinary file takes at most 64 KiB of it.
	budget = 192 << 10
)

// A file is content that is being inspected. After the first error nothing more can be read.
type file struct {
	content io.ReaderAt
	size    int64 // bytes
	head    []byte
	end     []byte // what has been read of the end
	left    int64  // bytes that may still be read
	err     error

	// What the recognizers note of the content.

	// closed is whether the structure accounts for the file's last bytes, so that nothing foreign follows.
	closed bool
	// pixels is the size of a picture, 0 if it is none.
	pixels int64
	// entries is what the directory of a ZIP says.
	entries listing
}

func newFile(size int64, content io.ReaderAt) *file {
	f := &file{content: content, size: size, left: budget}
	f.head = f.at(0, min(size, window))
	return f
}

// at returns exactly length bytes from offset on, or nil if they are not all inside the file or cannot be read.
func (f *file) at(offset, length int64) []byte {
	if offset < 0 || length <= 0 || offset > f.size-length || f.err != nil {
		return nil
	}
	if offset+length <= int64(len(f.head)) {
		return f.head[offset : offset+length]
	}
	if start := f.size - int64(len(f.end)); len(f.end) > 0 && offset >= start {
		return f.end[offset-start : offset-start+length]
	}
	if length > f.left {
		f.err = upload.ErrBudget
		return nil
	}
	f.left -= length
	p := make([]byte, length)
	if n, err := f.content.ReadAt(p, offset); n < len(p) {
		if f.err = err; errors.Is(err, io.EOF) {
			f.err = io.ErrUnexpectedEOF
		}
		return nil
	}
	return p
}

// upTo returns as many of length bytes from offset on as the file has.
func (f *file) upTo(offset, length int64) []byte {
	return f.at(offset, min(length, f.size-offset))
}

// tail returns the last length bytes of the file, or all of it. It reads what of them has not been read yet.
func (f *file) tail(length int64) []byte {
	length = min(length, f.size)
	if missing := length - int64(len(f.end)); missing > 0 {
		more := f.at(f.size-length, missing)
		if more == nil {
			return nil
		}
		f.end = append(bytes.Clone(more), f.end...)
	}
	return f.end[int64(len(f.end))-length:]
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

// contentEnd returns where the content ends if what follows it is padding, of any length: one byte again and again.
func (f *file) contentEnd() int64 {
	last := f.tail(shortTail)
	if len(last) == 0 {
		return f.size
	}
	fill := last[len(last)-1]
	if fill != 0 && fill != 0xFF && fill != ' ' {
		return f.size
	}
	if kept := trimPadding(last, fill); kept > 0 {
		return f.size - int64(len(last)-kept)
	}
	// The whole tail is padding: search for its beginning by halves.
	const probe = 64
	from, to := int64(0), f.size-int64(len(last))
	for to-from > probe {
		middle := from + (to-from)/2
		if b := f.upTo(middle, probe); trimPadding(b, fill) > 0 {
			from = middle + 1
		} else if to = middle; b == nil {
			return f.size
		}
	}
	return from + int64(trimPadding(f.upTo(from, to-from), fill))
}

// endsAt reports whether nothing but padding follows an offset.
func (f *file) endsAt(offset int64) bool {
	return offset == f.size || offset >= f.contentEnd()
}

// contentTail returns the end of the content, without padding behind it: 1 KiB to 32 KiB, or all that there is.
func (f *file) contentTail() []byte {
	end := f.contentEnd()
	if from := f.size - int64(len(f.end)); end-from >= 1<<10 || from <= 0 {
		return f.at(max(from, 0), end-max(from, 0))
	}
	const length = 8 << 10
	from := max(end-length, 0)
	return f.at(from, end-from)
}

// trimPadding returns how long b is without the padding at its end.
func trimPadding(b []byte, fill byte) int {
	for len(b) > 0 && b[len(b)-1] == fill {
		b = b[:len(b)-1]
	}
	return len(b)
}
