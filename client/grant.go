package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"postern/api"
)

// Form returns a form that uploads one file of up to 5 GiB, for Post. mail is the owner's; if it is empty, the owner is
// the one that the client acts for. The format follows from
// filename's extension or, if that is empty, from contentType; if both are empty, it is the stage's first format.
func (c *Client) Form(ctx context.Context, mail, filename, contentType string) (api.PresignedForm, error) {
	query := url.Values{}
	if mail != "" {
		query.Set("mail", mail)
	}
	if filename != "" {
		query.Set("filename", filename)
	}
	if contentType != "" {
		query.Set("type", contentType)
	}
	var form api.PresignedForm
	_, err := c.do(ctx, call{method: http.MethodGet, path: "presignedurl", query: query}, &form)
	return form, err
}

// Grant declares a file and returns what uploads it, for Send or Upload.
func (c *Client) Grant(ctx context.Context, request api.UploadRequest) (api.UploadGrant, error) {
	var grant api.UploadGrant
	// A grant is only computed, so that asking twice is harmless.
	_, err := c.do(ctx, call{method: http.MethodPost, path: "uploads", body: request}, &grant)
	return grant, err
}

// Grants declares 1 to api.MaxBatch files in one call. The results are in the files' order: each is a grant, or says why
// this file was refused.
func (c *Client) Grants(ctx context.Context, requests []api.UploadRequest) ([]api.UploadResult, error) {
	var grants api.UploadGrants
	if _, err := c.do(ctx, call{method: http.MethodPost, path: "uploads", body: api.UploadBatch{Uploads: requests}}, &grants); err != nil {
		return nil, err
	}
	if len(grants.Uploads) != len(requests) {
		return nil, fmt.Errorf("%s answers %d grants for %d files: is it the API's address?", c.base.Host, len(grants.Uploads), len(requests))
	}
	for _, result := range grants.Uploads {
		if (result.UploadGrant == nil) == (result.Error == nil) {
			return nil, fmt.Errorf("%s answers neither a grant nor an error for a file: is it the API's address?", c.base.Host)
		}
	}
	return grants.Uploads, nil
}

// GrantParts signs 1 to api.MaxPartsPerCall parts of a multipart upload.
func (c *Client) GrantParts(ctx context.Context, id string, request api.PartsRequest) (api.PartsGrant, error) {
	var grant api.PartsGrant
	return grant, c.multipartCall(ctx, id, "parts", request, &grant)
}

// GrantPartsList signs a request that S3 answers with the parts of a multipart upload that it has, in XML.
func (c *Client) GrantPartsList(ctx context.Context, id string, request api.PartsListRequest) (api.PartsListGrant, error) {
	var grant api.PartsListGrant
	return grant, c.multipartCall(ctx, id, "parts/list", request, &grant)
}

// GrantCompletion signs the request that makes an object of a multipart upload.
func (c *Client) GrantCompletion(ctx context.Context, id string, request api.CompleteRequest) (api.CompleteGrant, error) {
	var grant api.CompleteGrant
	return grant, c.multipartCall(ctx, id, "complete", request, &grant)
}

// multipartCall makes a call that only signs, so that making it twice is harmless.
func (c *Client) multipartCall(ctx context.Context, id, route string, request, grant any) error {
	if err := checkID(id); err != nil {
		return err
	}
	_, err := c.do(ctx, call{method: http.MethodPost, path: "uploads/" + id + "/" + route, body: request}, grant)
	return err
}
