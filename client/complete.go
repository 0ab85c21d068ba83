package client

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"postern/api"
)

// assembly is how long S3 may take to make an object of the parts. Source: Amazon S3 API Reference,
// CompleteMultipartUpload: "can take several minutes".
const assembly = 30 * time.Minute

// complete makes an object of the parts. When an answer was lost, it looks first whether S3 has the object.
func (u *upload) complete(ctx context.Context) error {
	mayBeDone := false
	return u.client.retry(ctx, func() error {
		if mayBeDone {
			if arrived, err := u.hasArrived(ctx); arrived || err != nil {
				return err
			}
		}
		err := u.attemptCompletion(ctx)
		if temporary, ok := errors.AsType[*temporaryError](err); ok && temporary.unknown {
			mayBeDone = true
		}
		err = u.ifGone(ctx, err)
		if mayBeDone && errors.Is(err, ErrGone) {
			// It was completed, most likely, and is not inspected yet: a guest is not told of it before.
			return &temporaryError{err: err, unknown: true}
		}
		return err
	})
}

func (u *upload) attemptCompletion(ctx context.Context) error {
	for renewals := 0; ; renewals++ {
		err := u.sendCompletion(ctx)
		switch {
		case isExpired(err) && renewals < maxRenewals:
			continue
		case hasCode(err, "InvalidPart"):
			// Another process has sent a part once more, with the same bytes: its ETag may be another.
			if listErr := u.list(ctx); listErr != nil {
				return listErr
			}
			if missing := u.missing(1, 1); len(missing) > 0 {
				return fmt.Errorf("S3 has no part %d: begin the upload again to send it: %w", missing[0], err)
			}
			return &temporaryError{err: err, unknown: true}
		}
		return err
	}
}

// sendCompletion has the completion signed and sends it.
func (u *upload) sendCompletion(ctx context.Context) error {
	request := api.CompleteRequest{UploadID: u.state.UploadID, Size: u.size}
	whole, known := u.whole()
	if known {
		text := whole.String()
		request.Checksum = &text
	}
	grant, err := u.client.GrantCompletion(ctx, u.state.ID, request)
	if err != nil {
		return fmt.Errorf("asking for a signature: %w", err)
	}
	body, err := xml.Marshal(u.document())
	if err != nil {
		return err
	}
	answer, err := u.client.attemptTransfer(ctx, transfer{
		method: http.MethodPost, address: grant.URL, header: headers(grant.Headers),
		body: func() io.Reader { return strings.NewReader(string(body)) }, length: int64(len(body)), silence: assembly,
	})
	if err != nil {
		return err
	}
	var result completeResult
	if err := decodeXML(answer.content, &result); err != nil {
		return ifTemporaryCode(err)
	}
	if known && result.Checksum != "" && result.Checksum != whole.String() {
		return fmt.Errorf("the file's checksum is %s, S3 has stored one with %s: delete the upload and begin anew", whole, result.Checksum)
	}
	return nil
}

// whole returns the checksum of the whole file, and whether all that it consists of is known.
func (u *upload) whole() (sum checksum, known bool) {
	for _, p := range u.parts {
		if !p.known {
			return 0, false
		}
		sum = sum.followedBy(p.sum, p.size)
	}
	return sum, true
}

// document returns the body of the completion.
func (u *upload) document() completion {
	document := completion{Space: s3Namespace}
	for i, p := range u.parts {
		next := completePart{Number: int64(i + 1), ETag: p.etag}
		if p.known {
			next.Checksum = p.sum.String()
		}
		document.Parts = append(document.Parts, next)
	}
	return document
}
