package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"postern/api"
	"postern/internal/upload"
)

// A tally counts what one request was granted, by how it is sent, and what the owner's quota refused of it.
type tally struct {
	grants  [3]granted // by the position of their method in api.Methods
	refused int64
}

// granted are grants that are sent alike.
type granted struct{ count, bytes int64 }

// grant counts a grant, by its method and the size that was declared, 0 if none was. It returns the tally.
func (t *tally) grant(method string, size int64) *tally {
	if at := slices.Index(api.Methods, method); at >= 0 {
		t.grants[at].count++
		t.grants[at].bytes += size
	}
	return t
}

// refuse counts an error that is the quota's. It returns the tally.
func (t *tally) refuse(err error) *tally {
	if refusal, ok := errors.AsType[*upload.Error](err); ok && refusal.Quota {
		t.refused++
	}
	return t
}

// count logs a request's tally: a line for each way to send, as a rule one. infra/stack makes metrics of them. Status and
// duration are in the line that API Gateway writes of the same request.
func (p *presigner) count(ctx context.Context, requestID, owner string, counted *tally) {
	for at, granted := range counted.grants {
		if granted.count > 0 {
			p.log.LogAttrs(ctx, slog.LevelInfo, "granted", slog.String("apiRequestId", requestID), slog.String("owner", owner),
				slog.String("transport", api.Methods[at]), slog.Int64("count", granted.count), slog.Int64("bytes", granted.bytes))
		}
	}
	if counted.refused > 0 {
		p.log.LogAttrs(ctx, slog.LevelInfo, "refused by quota", slog.String("apiRequestId", requestID), slog.String("owner", owner),
			slog.Int64("count", counted.refused))
	}
}
