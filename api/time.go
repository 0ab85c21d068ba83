package api

import (
	"errors"
	"time"
)

// A Time is a time whose JSON is RFC 3339 in UTC with exactly three fraction digits, such as "2026-03-14T15:09:26.000Z".
// Go's own leaves trailing zeros out, which strict parsers of other languages refuse.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000Z"

// AppendText implements encoding.TextAppender. It fails for a year that RFC 3339 does not have.
func (t Time) AppendText(b []byte) ([]byte, error) {
	utc := t.UTC()
	if year := utc.Year(); year < 0 || year > 9999 {
		return b, errors.New("a year outside of 0 to 9999")
	}
	return utc.AppendFormat(b, timeLayout), nil
}

// MarshalText implements encoding.TextMarshaler as AppendText does.
func (t Time) MarshalText() ([]byte, error) { return t.AppendText(nil) }

// MarshalJSON implements json.Marshaler: the text in quotes.
func (t Time) MarshalJSON() ([]byte, error) {
	b, err := t.AppendText([]byte(`"`))
	return append(b, '"'), err
}
