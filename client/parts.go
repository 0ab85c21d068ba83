package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"postern/api"
)

// A part is a part that S3 has. Without an ETag it has not.
type part struct {
	etag string
	size int64 // bytes
	sum  checksum
	// known reports whether sum is known: S3 tells none of a part that was sent to an upload without checksums.
	known bool
}

// partCount returns how many parts a file has.
func partCount(size, partSize int64) int64 { return (size + partSize - 1) / partSize }

// bounds returns where a part begins and how long it is, in bytes.
func (u *upload) bounds(number int64) (offset, length int64) {
	offset = (number - 1) * u.state.PartSize
	return offset, min(u.state.PartSize, u.size-offset)
}

// missing returns the numbers of at most limit parts that S3 has not, from a number on.
func (u *upload) missing(from int64, limit int) []int64 {
	var numbers []int64
	for number := from; number <= int64(len(u.parts)) && len(numbers) < limit; number++ {
		if u.parts[number-1].etag == "" {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// A task is a part that is to be sent.
type task struct {
	number  int64
	piece   io.ReaderAt
	length  int64
	release func()
}

// sendParts sends the parts that S3 has not, several at once. It returns the first error, after which it begins no further
// part.
func (u *upload) sendParts(parent context.Context) error {
	ctx, fail := context.WithCancelCause(parent)
	defer fail(nil)
	missing := u.missing(1, len(u.parts))
	signer := &partSigner{upload: u, missing: missing, batch: api.MaxPartsPerCall, signed: map[int64]signedPart{}}
	tasks := make(chan task)
	var senders sync.WaitGroup
	for range min(u.concurrency(), len(missing)) {
		senders.Go(func() {
			for next := range tasks {
				sent, err := u.sendPart(ctx, signer, next)
				next.release()
				if err != nil {
					fail(err)
					return
				}
				u.parts[next.number-1] = sent // nobody reads it until all have ended
			}
		})
	}
	u.hand(ctx, missing, tasks, fail)
	close(tasks)
	senders.Wait()
	if parent.Err() != nil {
		return context.Cause(parent)
	}
	return context.Cause(ctx)
}

func (u *upload) concurrency() int {
	if u.options.Concurrency > 0 {
		return u.options.Concurrency
	}
	return DefaultConcurrency
}

// hand hands the missing parts out, in their order, until ctx ends.
func (u *upload) hand(ctx context.Context, missing []int64, tasks chan<- task, fail func(error)) {
	for _, number := range missing {
		offset, length := u.bounds(number)
		piece, release, err := u.content(offset, length)
		if err != nil {
			fail(fmt.Errorf("reading part %d: %w", number, err))
			return
		}
		select {
		case tasks <- task{number, piece, length, release}:
		case <-ctx.Done():
			release()
			return
		}
	}
}

// sendPart sends a part until S3 has it as it was read.
func (u *upload) sendPart(ctx context.Context, signer *partSigner, next task) (part, error) {
	var sent part
	err := u.client.retry(ctx, func() (err error) {
		sent, err = u.attemptPart(ctx, signer, next)
		return err
	})
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("sending part %d of %d: %w", next.number, len(u.parts), err)
	}
	return sent, err
}

func (u *upload) attemptPart(ctx context.Context, signer *partSigner, next task) (part, error) {
	for renewals := 0; ; renewals++ {
		signed, err := signer.sign(ctx, next.number)
		if err != nil {
			return part{}, err
		}
		answer, err := u.client.attemptTransfer(ctx, transfer{
			method: http.MethodPut, address: signed.URL, header: headers(signed.Headers),
			body:   func() io.Reader { return io.NewSectionReader(next.piece, 0, next.length) },
			length: next.length, sent: u.progress.add,
		})
		switch {
		case isExpired(err) && renewals < maxRenewals:
			signer.expired(signed.generation)
			continue
		case err != nil:
			return part{}, err
		}
		etag := answer.header.Get("ETag")
		if etag == "" {
			return part{}, errors.New("S3 answers without an ETag")
		}
		if got := answer.header.Get(checksumHeader); got != "" && got != answer.sum.String() {
			u.progress.add(-next.length)
			return part{}, &temporaryError{err: fmt.Errorf("it was altered on the way: its checksum is %s, S3 has stored one with %s", answer.sum, got)}
		}
		signer.forget(next.number)
		return part{etag, next.length, answer.sum, true}, nil
	}
}

// A signedPart is a signed PUT of a part.
type signedPart struct {
	api.SignedPart
	// generation is the number of the call that signed it.
	generation int
}

// A partSigner has parts signed in batches, ahead of their being sent. It signs fewer at once when signatures expire
// before they are used.
type partSigner struct {
	upload *upload

	mutex      sync.Mutex
	missing    []int64 // numbers of the parts that are to be sent
	batch      int     // most parts to sign at once
	used       int     // parts of this generation that were asked for
	generation int
	signed     map[int64]signedPart
}

// sign returns a signed PUT of a part. It asks the API if there is none.
func (s *partSigner) sign(ctx context.Context, number int64) (signedPart, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if _, ok := s.signed[number]; !ok {
		if err := s.signFrom(ctx, number); err != nil {
			return signedPart{}, fmt.Errorf("asking for signatures: %w", err)
		}
	}
	s.used++
	return s.signed[number], nil
}

// signFrom signs the part and those that follow it, as many as are signed at once.
func (s *partSigner) signFrom(ctx context.Context, number int64) error {
	state := s.upload.state
	request := api.PartsRequest{UploadID: state.UploadID, Size: s.upload.size, PartSize: &state.PartSize}
	for _, next := range s.missing {
		if _, ok := s.signed[next]; next >= number && !ok && len(request.Parts) < s.batch {
			request.Parts = append(request.Parts, api.PartRequest{Number: next})
		}
	}
	grant, err := s.upload.client.GrantParts(ctx, state.ID, request)
	if err != nil {
		return err
	}
	s.generation++
	s.used = 0
	for _, p := range grant.Parts {
		s.signed[p.Number] = signedPart{p, s.generation}
	}
	if _, ok := s.signed[number]; !ok {
		return errors.New("the API answers without the part")
	}
	return nil
}

// forget forgets what was signed for a part that S3 has.
func (s *partSigner) forget(number int64) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.signed, number)
}

// expired forgets what was signed up to a generation, and has fewer parts signed at once from then on.
func (s *partSigner) expired(generation int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	forgotten := false
	for number, signed := range s.signed {
		if signed.generation <= generation {
			delete(s.signed, number)
			forgotten = true
		}
	}
	if forgotten && generation == s.generation {
		s.batch = max(s.upload.concurrency(), min(s.batch, s.used)/2)
	}
}
