package main

import "context"

// An identified upload is what most commands of callers work on.
type identified struct {
	ID uploadID `arg:"" help:"Id of the upload."`
}

type showUpload struct {
	caller
	identified
	JSON bool `name:"json" help:"Print a JSON object, as the API has it."`
}

// Run shows what is known of an upload.
func (c showUpload) Run(ctx context.Context, at location, console console) error {
	api, err := c.open(ctx, at, console)
	if err != nil {
		return err
	}
	u, err := api.upload(ctx, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(console.out, u.raw)
	}
	return writeUpload(console.out, u)
}
