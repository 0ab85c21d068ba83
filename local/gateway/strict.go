package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// statements are a list, or a single one.
type statements []statement

// UnmarshalJSON reads both forms.
func (s *statements) UnmarshalJSON(b []byte) error { return oneOrMany(b, (*[]statement)(s)) }

// texts are a list of strings, or a single one.
type texts []string

// UnmarshalJSON reads both forms.
func (t *texts) UnmarshalJSON(b []byte) error { return oneOrMany(b, (*[]string)(t)) }

func oneOrMany[T any](b []byte, many *[]T) error {
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("[")) {
		return decodeStrictly(b, many)
	}
	var one T
	err := decodeStrictly(b, &one)
	*many = []T{one}
	return err
}

// decodeStrictly reads one JSON value without unknown members and nothing after it. Its errors hold no values.
func decodeStrictly(b []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("decoding it: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
