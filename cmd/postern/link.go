package main

import (
	"context"
	"fmt"
	"time"

	"postern/api"
)

type linkCommands struct {
	Create createLink `cmd:"" help:"Make a link and print the address of its page, this once."`
	Revoke revokeLink `cmd:"" help:"Revoke a link, or all of yours, within 60 seconds."`
}

type createLink struct {
	caller
	From    string   `arg:"" help:"Who asks, as the guest sees it, such as \"Ann of Example Ltd\"."`
	Note    *string  `placeholder:"TEXT" help:"What is asked for, as the guest sees it. Default: none."`
	Folders []string `placeholder:"FOLDER,..." help:"Folders that the link opens. Default: all that you may use."`
	Formats []string `placeholder:"EXTENSION,..." help:"Extensions that the link takes, such as mov,mp4. Default: all of the folders."`
	MaxSize *size    `placeholder:"SIZE" help:"Largest file, such as \"5 GiB\". Default: your largest upload."`
	Count   *int64   `placeholder:"N" help:"How many files in all. Default: 1."`
	Total   *size    `placeholder:"SIZE" help:"How large all files may be together. Default: what count and max-size allow."`
	Until   *expiry  `placeholder:"TIME" help:"When the link ends: in a time such as 36h, or at the end of a day such as 2027-01-31 (UTC). Default: in 7 days."`
}

// Help is the long text of --help.
func (createLink) Help() string {
	return `Somebody without an account opens the address in a browser and uploads for you. Who has the link can use it: send it as
you would send a key. Nothing is stored of it, so there is no list of links; keep the id to revoke it. ` + callerHelp
}

// Validate refuses a link without an end.
func (c createLink) Validate() error {
	if c.Until != nil && c.Until.IsZero() {
		return fmt.Errorf("--until: every link ends: must be a time such as 36h, or a day such as 2027-01-31")
	}
	return nil
}

// Run makes a link.
func (c createLink) Run(ctx context.Context, at location, console console) error {
	server, err := c.open(ctx, at, console)
	if err != nil {
		return err
	}
	request := api.LinkRequest{From: c.From, Note: c.Note, MaxSize: (*int64)(c.MaxSize), Count: c.Count, Total: (*int64)(c.Total)}
	if len(c.Folders) > 0 {
		request.Folders = &c.Folders
	}
	if len(c.Formats) > 0 {
		request.Formats = &c.Formats
	}
	if c.Until != nil {
		request.Until = new(c.Until.UTC().Format(time.RFC3339))
	}
	made, err := server.CreateLink(ctx, request)
	if err != nil {
		return fmt.Errorf("making a link: %w", err)
	}
	return console.printf("made link %s: %s, until %s\n%s#link=%s\n", made.ID, allowance(made), made.Until.UTC().Format(time.RFC3339), server.Address(), made.Token)
}

// allowance says how much may come by a link.
func allowance(link api.Link) string {
	files := "files"
	if link.Count == 1 {
		files = "file"
	}
	text := fmt.Sprintf("%d %s of at most %s", link.Count, files, api.FormatSize(link.MaxSize))
	if link.Total > 0 {
		text += fmt.Sprintf(", %s in all", api.FormatSize(link.Total))
	}
	return text
}

type revokeLink struct {
	caller
	ID  string `arg:"" optional:"" help:"Id of the link, as link create prints it and uploads by it have it."`
	All bool   `help:"Revoke every link that was made until now."`
}

// Validate wants one of an id and --all.
func (c revokeLink) Validate() error {
	if c.All == (c.ID != "") {
		return fmt.Errorf("name the id of a link, or --all for every link")
	}
	return nil
}

// Run revokes a link, or all.
func (c revokeLink) Run(ctx context.Context, at location, console console) error {
	server, err := c.open(ctx, at, console)
	if err != nil {
		return err
	}
	if c.All {
		if err := server.RevokeLinks(ctx); err != nil {
			return fmt.Errorf("revoking all links: %w", err)
		}
		return console.printf("revoked all links; they stop working %s\n", inEffect)
	}
	if err := server.RevokeLink(ctx, c.ID); err != nil {
		return fmt.Errorf("revoking a link: %w", err)
	}
	return console.printf("revoked link %s; it stops working %s\n", c.ID, inEffect)
}
