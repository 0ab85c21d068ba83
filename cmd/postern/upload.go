package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/vbauerster/mpb/v8/decor"
)

// An uploadID names an upload, as an argument.
type uploadID string

var (
	idText = regexp.MustCompile(`^[0-9a-f]{32}\.[a-z0-9]{1,8}$`)
	errID  = errors.New(`not the id of an upload: allowed are 32 digits 0-9a-f, a dot and an extension, as list shows them`)
)

// UnmarshalText reads an argument.
func (id *uploadID) UnmarshalText(text []byte) error {
	if !idText.Match(text) {
		return errID
	}
	*id = uploadID(text)
	return nil
}

// path is where the API has the upload.
func (id uploadID) path() string { return "uploads/" + string(id) }

// An upload is what the API tells of one.
type upload struct {
	ID          uploadID  `json:"id"`
	Status      string    `json:"status"`
	Reason      string    `json:"reason"`
	Filename    string    `json:"filename"`
	Title       string    `json:"title"`
	Description string    `json:"description"`
	Labels      []string  `json:"labels"`
	Type        string    `json:"type"`
	Size        int64     `json:"size"`     // bytes; 0: nothing has arrived
	Checksum    string    `json:"checksum"` // SHA-256 in base64; empty: none
	CreatedAt   time.Time `json:"createdAt"`
	Version     int64     `json:"version"`

	// raw is the API's JSON, with what is not known here.
	raw json.RawMessage
}

// UnmarshalJSON reads an upload and keeps its JSON. It returns an error for one that cannot be.
func (u *upload) UnmarshalJSON(text []byte) error {
	type plain upload
	if err := json.Unmarshal(text, (*plain)(u)); err != nil {
		return err
	}
	if u.Size < 0 {
		return errors.New("its size is negative")
	}
	u.raw = bytes.Clone(text)
	return u.ID.UnmarshalText([]byte(u.ID))
}

// raws are uploads as the API answered them.
func raws(uploads []upload) []json.RawMessage {
	all := make([]json.RawMessage, 0, len(uploads))
	for _, u := range uploads {
		all = append(all, u.raw)
	}
	return all
}

// upload asks for an upload.
func (a api) upload(ctx context.Context, id uploadID) (upload, error) {
	var u upload
	if err := a.do(ctx, call{method: http.MethodGet, path: id.path()}, &u); err != nil {
		return upload{}, fmt.Errorf("asking for upload %s: %w", id, err)
	}
	if u.ID != id {
		return upload{}, fmt.Errorf("asking for upload %s: %s answers with another", id, a.base.Host)
	}
	return u, nil
}

// name is what people know the upload by.
func (u upload) name() string {
	if u.Title != "" {
		return u.Title
	}
	return u.Filename
}

// size is how large it is, to people.
func (u upload) size() string {
	if u.Size == 0 {
		return "-"
	}
	return about(u.Size)
}

// about is a number of bytes in a fitting unit, with one decimal: "1.5 KiB".
func about(bytes int64) string {
	if bytes < 1<<10 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("% .1f", decor.SizeB1024(bytes))
}

func writeUploads(out io.Writer, uploads []upload) error {
	// It keeps what is written, and so the first error, until it is flushed.
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = io.WriteString(table, "ID\tSTATUS\tSIZE\tCREATED\tNAME\n")
	for _, u := range uploads {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", u.ID, printable(u.Status), u.size(), moment(u.CreatedAt), printable(u.name()))
	}
	return table.Flush()
}

func writeUpload(out io.Writer, u upload) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range []struct{ name, value string }{
		{"id", string(u.ID)},
		{"status", u.Status},
		{"reason", u.Reason},
		{"title", u.Title},
		{"file name", u.Filename},
		{"type", u.Type},
		{"size", u.exactSize()},
		{"SHA-256", u.Checksum},
		{"labels", strings.Join(u.Labels, "\n")},
		{"created", moment(u.CreatedAt)},
		{"version", fmt.Sprint(u.Version)},
		{"description", u.Description},
	} {
		name := row.name
		for line := range strings.Lines(row.value) {
			_, _ = fmt.Fprintf(table, "%s\t%s\n", name, printable(strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", " ")))
			name = ""
		}
	}
	return table.Flush()
}

func (u upload) exactSize() string {
	if u.Size == 0 {
		return ""
	}
	return fmt.Sprintf("%s (%d bytes)", about(u.Size), u.Size)
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// printable is a text of somebody else as a terminal may have it: each character that is invisible, or would steer the
// terminal or turn the line's direction, becomes U+FFFD.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		const nonJoiner, joiner = '\u200c', '\u200d' // as scripts and emoji need them
		if unicode.IsGraphic(r) || r == nonJoiner || r == joiner {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// printableLines is printable of each line: errors of several uploads have one each.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}
