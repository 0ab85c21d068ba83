package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"postern/api"
	"postern/client"
)

func writeUploads(out io.Writer, uploads []client.Upload) error {
	// The table keeps what is written, and so the first error, until it is flushed.
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = io.WriteString(table, "ID\tSTATUS\tSIZE\tCREATED\tNAME\n")
	for _, u := range uploads {
		status, size, name := u.Status, "-", u.Title
		if u.Reason != "" {
			status += ": " + u.Reason
		}
		if u.Size > 0 {
			size = roundSize(u.Size)
		}
		if name == "" {
			name = u.Filename
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", u.ID, printable(status), size, formatTime(u.CreatedAt.Time), printable(name))
	}
	return table.Flush()
}

func writeUpload(out io.Writer, u api.Upload) error {
	size, detected := "", u.Detected
	if u.Size > 0 {
		size = fmt.Sprintf("%s (%d bytes)", roundSize(u.Size), u.Size)
	}
	if detected == u.Type {
		detected = ""
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range []struct{ name, value string }{
		{"id", u.ID},
		{"status", u.Status},
		{"reason", u.Reason},
		{"title", u.Title},
		{"context", u.Context},
		{"from guest", u.Guest},
		{"by link", u.Link},
		{"file name", u.Filename},
		{"type", u.Type},
		{"detected", detected},
		{"size", size},
		{checksumName(u), u.Checksum},
		{"labels", strings.Join(u.Labels, "\n")},
		{"created", formatTime(u.CreatedAt.Time)},
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

// checksumName returns what people call the algorithm of an upload's checksum.
func checksumName(u api.Upload) string {
	if u.ChecksumAlgorithm == api.CRC64NVME {
		return api.CRC64NVME
	}
	return "SHA-256"
}

// roundSize returns a number of bytes in a fitting unit, with one decimal: "1.5 KiB".
func roundSize(bytes int64) string {
	if bytes < 1<<10 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("% .1f", decor.SizeB1024(bytes))
}

func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// writeJSON writes a value for programs, and for the terminal that may show it.
func writeJSON(out io.Writer, value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := out.Write(escaped(text.String()))
	return err
}

// compactJSON returns a value as one line.
func compactJSON(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return escaped(text.String()), nil
}

// escaped returns the same JSON with an escape (RFC 8259, section 7) for each character that is invisible, or would steer
// the terminal or turn the line's direction. Outside of strings, JSON has none but line feeds.
func escaped(text string) []byte {
	safe := make([]byte, 0, len(text))
	for _, r := range text {
		if r == '\n' || unicode.IsGraphic(r) {
			safe = utf8.AppendRune(safe, r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			safe = fmt.Appendf(safe, `\u%04x`, unit)
		}
	}
	return safe
}

// printable returns a text of somebody else as a terminal may have it: each character that is invisible, or would steer
// the terminal or turn the line's direction, becomes U+FFFD.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		const nonJoiner, joiner = '\u200c', '\u200d' // as scripts and emoji need them
		if unicode.IsGraphic(r) || r == nonJoiner || r == joiner {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// printableLines returns each line of a text as printable does: errors of several uploads have one each.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

// watch returns in with a bar that grows as it is read, if a terminal shows it. size is what it will be, in bytes. done
// ends the bar.
func (c console) watch(in io.Reader, size int64) (watched io.Reader, done func()) {
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
