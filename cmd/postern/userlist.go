package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"postern/api"
	"postern/internal/identity"
)

type listUsers struct {
	JSON bool `name:"json" help:"Print a JSON array, with sizes in bytes."`
}

// A listedUser is what is shown of a row, everything but the hash of the password, or of a blocked user without one, who has no role.
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

	// Subject and Issuer name a blocked user who has no mail. Issuer is empty for a name of the application's.
	Subject identity.Subject `json:"subject,omitempty"`
	Issuer  string           `json:"issuer,omitempty"`
	Blocked bool             `json:"blocked,omitempty"`
}

// Run lists every user by mail, and every blocked one who has no row. It fails, after the list, when a row is malformed.
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
	blocks, err := s.users().Blocks(ctx)
	if err != nil {
		return nil, nil, err
	}
	var owners []string
	for _, user := range users {
		owners = append(owners, user.Owner)
	}
	withRow := slices.Clone(owners)
	for _, block := range blocks {
		owners = append(owners, block.Owner)
	}
	used, err := s.uploads().Accounts(ctx, owners)
	if err != nil {
		return nil, nil, err
	}
	rows = []listedUser{} // [] in JSON
	for _, user := range users {
		row := listedUser{
			Mail: user.Mail, Role: user.Role, Owner: user.Owner, MaxSize: user.MaxSize, Quota: user.Quota, FileQuota: user.FileQuota,
			Used: used[user.Owner].Bytes, Files: used[user.Owner].Files, May: user.May, For: user.For,
			Blocked: used[user.Owner].Blocked,
		}
		if !user.Expires.IsZero() {
			row.Expires = new(user.Expires.UTC())
		}
		rows = append(rows, row)
	}
	for _, block := range blocks {
		known := used[block.Owner]
		if known.Blocked && !slices.Contains(withRow, block.Owner) {
			rows = append(rows, listedUser{
				Mail: block.Mail, Subject: block.Subject, Issuer: block.Issuer, Owner: block.Owner, Used: known.Bytes, Files: known.Files, Blocked: true,
			})
		}
	}
	slices.SortFunc(rows, func(a, b listedUser) int {
		return cmp.Or(cmp.Compare(a.name(), b.name()), cmp.Compare(a.Owner, b.Owner))
	})
	return rows, malformed, nil
}

func writeUsers(out io.Writer, rows []listedUser) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = io.WriteString(table, "MAIL\tROLE\tOWNER\tMAX SIZE\tQUOTA\tUSED\tFILE QUOTA\tFILES\tMAY\tFOR\tEXPIRES\tBLOCKED\n")
	for _, row := range rows {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", row.name(), cmp.Or(row.Role, "none"), row.Owner,
			formatLimit(row.MaxSize), formatLimit(row.Quota), roundSize(row.Used), formatCount(row.FileQuota), row.Files,
			row.may(), row.whom(), row.end(), row.blocked())
	}
	return table.Flush()
}

// name names the user: by mail, or else by subject, of an issuer if it has one.
func (u listedUser) name() string {
	switch {
	case u.Mail != "" || u.Subject == "":
		return cmp.Or(string(u.Mail), "-")
	case u.Issuer == "":
		return strconv.Quote(string(u.Subject))
	default:
		return strconv.Quote(string(u.Subject)) + " of " + u.Issuer
	}
}

func (u listedUser) blocked() string {
	if u.Blocked {
		return "blocked"
	}
	return "no"
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
