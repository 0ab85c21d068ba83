package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"postern/internal/identity"
)

type listUsers struct {
	JSON bool `name:"json" help:"Print a JSON array, with limits in bytes."`
}

// A listed user is what is shown of a row: everything but the hash of the password.
type listed struct {
	Mail    identity.Mail `json:"mail"`
	Role    identity.Role `json:"role"`
	Owner   string        `json:"owner"`
	MaxSize *int64        `json:"maxSize,omitempty"` // bytes; nil: the stage's default
	Quota   *int64        `json:"quota,omitempty"`   // bytes; nil: the stage's default
}

// Run lists every user by mail. It fails, after the list, when a row is malformed.
func (c listUsers) Run(ctx context.Context, at location, console console) error {
	stage, err := at.open(ctx)
	if err != nil {
		return err
	}
	users, malformed, err := stage.users.All(ctx)
	if err != nil {
		return fmt.Errorf("listing the users of stage %s: %w", at.Stage, err)
	}
	rows := make([]listed, 0, len(users))
	for _, user := range users {
		rows = append(rows, listed{user.Mail, user.Role, user.Owner, user.MaxSize, user.Quota})
	}
	slices.SortFunc(rows, func(a, b listed) int { return cmp.Compare(a.Mail, b.Mail) })
	if c.JSON {
		err = writeJSON(console.out, rows)
	} else {
		err = writeTable(console.out, rows)
	}
	return errors.Join(err, malformed)
}

func writeTable(out io.Writer, rows []listed) error {
	// It keeps what is written, and so the first error, until it is flushed.
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = io.WriteString(table, "MAIL\tROLE\tOWNER\tMAX SIZE\tQUOTA\n")
	for _, row := range rows {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", row.Mail, row.Role, row.Owner, limit(row.MaxSize), limit(row.Quota))
	}
	return table.Flush()
}

// limit shows a limit in bytes, which is the stage's default when it is nil.
func limit(bytes *int64) string {
	if bytes == nil {
		return "default"
	}
	return size(*bytes).String()
}
