package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"postern/api"
	"postern/internal/identity"
)

type listUsers struct {
	JSON bool `name:"json" help:"Print a JSON array, with sizes in bytes."`
}

// A listedUser is what is shown of a row: everything but the hash of the password.
type listedUser struct {
	Mail    identity.Mail `json:"mail"`
	Role    identity.Role `json:"role"`
	Owner   string        `json:"owner"`
	MaxSize *int64        `json:"maxSize,omitempty"` // bytes; nil: the stage's default
	Quota   *int64        `json:"quota,omitempty"`   // bytes; nil: the stage's default
	Used    int64         `json:"used"`              // bytes

	FileQuota *int64 `json:"fileQuota,omitempty"` // nil: the stage's default
	Files     int64  `json:"files"`

	May     identity.Rights `json:"may,omitempty"` // empty: every right
	For     identity.Mails  `json:"for,omitempty"` // empty: any mail
	Expires *time.Time      `json:"expires,omitempty"`
}

// Run lists every user by mail. It fails, after the list, when a row is malformed.
func (c listUsers) Run(ctx context.Context, at location, console console) error {
	stage, err := at.open(ctx, []string{"UsersTableName", "UploadsTableName"}, dynamodb.ServiceID)
	if err != nil {
		return err
	}
	rows, malformed, err := stage.listUsers(ctx)
	if err != nil {
		return fmt.Errorf("listing the users of stage %s: %w", at.Stage, explain(err))
	}
	if c.JSON {
		err = writeJSON(console.out, rows)
	} else {
		err = writeUsers(console.out, rows)
	}
	return errors.Join(err, malformed)
}

// listUsers returns the users by mail. malformed names the rows that are left out.
func (s stage) listUsers(ctx context.Context) (rows []listedUser, malformed, err error) {
	users, malformed, err := s.users().All(ctx)
	if err != nil {
		return nil, nil, err
	}
	var owners []string
	for _, user := range users {
		owners = append(owners, user.Owner)
	}
	used, err := s.uploads().Usages(ctx, owners)
	if err != nil {
		return nil, nil, err
	}
	rows = []listedUser{} // [] in JSON
	for _, user := range users {
		row := listedUser{
			Mail: user.Mail, Role: user.Role, Owner: user.Owner, MaxSize: user.MaxSize, Quota: user.Quota, FileQuota: user.FileQuota,
			Used: used[user.Owner].Bytes, Files: used[user.Owner].Files, May: user.May, For: user.For,
		}
		if !user.Expires.IsZero() {
			row.Expires = new(user.Expires.UTC())
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b listedUser) int { return cmp.Compare(a.Mail, b.Mail) })
	return rows, malformed, nil
}

func writeUsers(out io.Writer, rows []listedUser) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = io.WriteString(table, "MAIL\tROLE\tOWNER\tMAX SIZE\tQUOTA\tUSED\tFILE QUOTA\tFILES\tMAY\tFOR\tEXPIRES\n")
	for _, row := range rows {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", row.Mail, row.Role, row.Owner,
			formatLimit(row.MaxSize), formatLimit(row.Quota), roundSize(row.Used), formatCount(row.FileQuota), row.Files,
			row.may(), row.whom(), row.end())
	}
	return table.Flush()
}

// may says what the user may do.
func (u listedUser) may() string { return cmp.Or(u.May.String(), "all") }

// whom says for whom the user may act, besides itself.
func (u listedUser) whom() string {
	if u.Role != identity.RoleService {
		return "itself"
	}
	return cmp.Or(string(u.For), "any")
}

// end says until when the user's credentials are valid.
func (u listedUser) end() string {
	if u.Expires == nil {
		return "never"
	}
	return u.Expires.Format(time.RFC3339)
}

// formatLimit returns a limit in bytes as text; nil is the stage's default.
func formatLimit(bytes *int64) string {
	if bytes == nil {
		return "default"
	}
	return api.FormatSize(*bytes)
}

// formatCount returns a number as text; nil is the stage's default.
func formatCount(number *int64) string {
	if number == nil {
		return "default"
	}
	return fmt.Sprint(*number)
}
