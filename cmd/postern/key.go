package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"postern/api"
	"postern/client"
	"postern/internal/identity"
)

type keyCommands struct {
	Create createKey `cmd:"" help:"Make a key and print it, this once."`
	List   listKeys  `cmd:"" help:"List your keys."`
	Revoke revokeKey `cmd:"" help:"Revoke a key, within 60 seconds."`
}

type createKey struct {
	caller
	Name    string   `arg:"" help:"What the key is for, such as \"nightly backup\"."`
	May     rights   `required:"" placeholder:"RIGHTS" help:"What the key may do: one or several of upload, read, delete and link, with commas between."`
	Folders []string `placeholder:"FOLDER,..." help:"Folders that the key opens. Default: all."`
	MaxSize *size    `placeholder:"SIZE" help:"Largest upload, such as \"5 GiB\". Default: yours."`
	Days    *int64   `placeholder:"N" help:"After how many days the key expires. Default: 90."`
}

// Help is the long text of --help.
func (createKey) Help() string {
	return `A program uses the key instead of a password: in POSTERN_KEY for this command, or as "Authorization: Bearer pstn_...".
A key acts for you alone, cannot make or list keys, and ends with your account. ` + callerHelp
}

// Validate refuses a key that would have every right.
func (c createKey) Validate() error {
	if len(c.May) == 0 {
		return fmt.Errorf("--may: name each right: %w", identity.ErrRights)
	}
	return nil
}

// Run makes a key.
func (c createKey) Run(ctx context.Context, at location, console console) error {
	server, err := c.open(ctx, at, console)
	if err != nil {
		return err
	}
	request := api.ScriptKeyRequest{Name: c.Name, May: c.May, MaxSize: (*int64)(c.MaxSize), Days: c.Days}
	if len(c.Folders) > 0 {
		request.Folders = &c.Folders
	}
	made, err := server.CreateKey(ctx, request)
	if err != nil {
		return fmt.Errorf("making a key: %w", err)
	}
	return console.printf("made key %s: may %s, expires %s\nkey: %s\n", made.ID, identity.Rights(made.May), made.Expires.UTC().Format(time.RFC3339), made.Key)
}

type listKeys struct {
	caller
	JSON bool `name:"json" help:"Print a JSON array, with sizes in bytes."`
}

// Run lists the keys.
func (c listKeys) Run(ctx context.Context, at location, console console) error {
	server, err := c.open(ctx, at, console)
	if err != nil {
		return err
	}
	keys, err := server.Keys(ctx)
	if err != nil {
		return fmt.Errorf("listing the keys: %w", err)
	}
	if c.JSON {
		return writeJSON(console.out, keys)
	}
	return writeKeys(console.out, keys)
}

func writeKeys(out io.Writer, keys []api.ScriptKey) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = io.WriteString(table, "ID\tNAME\tMAY\tFOLDERS\tMAX SIZE\tEXPIRES\tLAST USED\n")
	for _, key := range keys {
		folders, largest, used := "all", "yours", "never"
		if len(key.Folders) > 0 {
			folders = strings.Join(key.Folders, ",")
		}
		if key.MaxSize > 0 {
			largest = api.FormatSize(key.MaxSize)
		}
		if key.LastUsed != nil {
			used = key.LastUsed.UTC().Format("2006-01-02T15h")
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", key.ID, printable(key.Name), identity.Rights(key.May), folders, largest,
			key.Expires.UTC().Format(time.RFC3339), used)
	}
	return table.Flush()
}

type revokeKey struct {
	caller
	ID string `arg:"" help:"Id of the key, as key list prints it."`
}

// Run revokes a key.
func (c revokeKey) Run(ctx context.Context, at location, console console) error {
	server, err := c.open(ctx, at, console)
	if err != nil {
		return err
	}
	if err := server.RevokeKey(ctx, c.ID); err != nil {
		return fmt.Errorf("revoking a key: %w", err)
	}
	return console.printf("revoked key %s; it stops working %s\n", c.ID, inEffect)
}

// keyVariable is the environment variable that holds a key for scripts, with which the caller calls.
const keyVariable = "POSTERN_KEY"

// scriptKey returns the key with which the API is called. It is empty if that is done with a password.
func (c caller) scriptKey(found target) (string, error) {
	key, given := os.LookupEnv(keyVariable)
	switch {
	case given:
		if _, err := identity.ParseScriptKey(key); err != nil {
			return "", usageError(keyVariable + ": " + err.Error())
		}
		return key, nil
	case c.User == nil && found.saved != nil:
		return found.saved.Key, nil
	default:
		return "", nil
	}
}

// authorization returns how the API is called: with a key, else with a user and a password.
func (c caller) authorization(ctx context.Context, found target, console console) (client.Authorization, error) {
	key, err := c.scriptKey(found)
	if err != nil {
		return nil, err
	}
	if key != "" {
		return client.Bearer(key), nil
	}
	user, password, err := c.credentials(ctx, found, console)
	if err != nil {
		return nil, err
	}
	return client.Basic(user, password), nil
}
