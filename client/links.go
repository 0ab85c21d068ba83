package client

import (
	"context"
	"errors"
	"net/http"
	"regexp"

	"postern/api"
)

// linkID is the form of a link's id, as the API's document has it.
var linkID = regexp.MustCompile(`^[a-z2-7]{32}$`)

// CreateLink makes a link by which somebody without an account uploads for the caller, or for Mail. Nothing is stored of it, so the
// answer alone has it. A guest's program calls with Bearer and the link's token.
func (c *Client) CreateLink(ctx context.Context, request api.LinkRequest) (api.Link, error) {
	var made api.Link
	_, err := c.do(ctx, call{method: http.MethodPost, path: "links", body: request}, &made)
	return made, err
}

// RevokeLink ends a link, within 60 seconds. One that is revoked already is no error.
func (c *Client) RevokeLink(ctx context.Context, id string) error {
	if !linkID.MatchString(id) {
		return errors.New("not the id of a link: must be 32 letters a-z and digits 2-7")
	}
	_, err := c.do(ctx, call{method: http.MethodDelete, path: "links/" + id}, nil)
	return err
}

// RevokeLinks ends every link that was made until now, within 60 seconds.
func (c *Client) RevokeLinks(ctx context.Context) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: "links"}, nil)
	return err
}

// Link returns what the link allows that the caller holds.
func (c *Client) Link(ctx context.Context) (api.GuestLink, error) {
	var held api.GuestLink
	_, err := c.do(ctx, call{method: http.MethodGet, path: "link"}, &held)
	return held, err
}
