package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/minio/crc64nvme"

	"postern/api"
)

// maxCompared is how many parts of a file are read again before an upload goes on, to see whether it is the same file.
const maxCompared = 8

// resume goes on with an upload that has begun earlier, maybe in another process.
func (u *upload) resume(ctx context.Context) error {
	if u.state.UploadID == "" {
		if arrived, err := u.find(ctx); arrived || err != nil {
			return err
		}
	} else if err := u.list(ctx); err != nil {
		return u.ifGone(ctx, err)
	}
	if err := u.compare(); err != nil {
		return err
	}
	if err := u.save(); err != nil {
		return err
	}
	for _, p := range u.parts {
		if p.etag != "" {
			u.progress.add(p.size)
		}
	}
	return u.finish(ctx)
}

// find asks the API what there is of the upload. Of several multipart uploads it takes the one with the most parts: an
// attempt to create one whose answer was lost has left an empty one.
func (u *upload) find(ctx context.Context) (arrived bool, err error) {
	found, err := u.client.Get(ctx, u.state.ID)
	if failure, ok := errors.AsType[*Error](err); ok && failure.Status == http.StatusNotFound {
		return false, fmt.Errorf("%w (%w)", ErrGone, err)
	}
	if err != nil {
		return false, fmt.Errorf("asking for the upload: %w", err)
	}
	if arrived, err := u.isStored(found); err != nil {
		return false, err
	} else if arrived {
		return true, u.compareWhole(found)
	}
	best, most, planned := State{}, -1, u.state.PartSize
	var parts []part
	for _, open := range found.Multiparts {
		u.state.UploadID, u.state.PartSize = open.UploadID, planned
		if err := u.list(ctx); hasCode(err, "NoSuchUpload") {
			continue // it has ended meanwhile
		} else if err != nil {
			return false, err
		}
		if has := len(u.parts) - len(u.missing(1, len(u.parts))); has > most {
			best, most, parts = u.state, has, u.parts
		}
	}
	if most < 0 {
		u.state.UploadID = ""
		// Another process may have completed it meanwhile.
		if arrived, err := u.hasArrived(ctx); arrived || err != nil {
			return arrived, err
		}
		return false, ErrGone
	}
	u.state, u.parts = best, parts
	return false, nil
}

// list reads which parts S3 has, and fails if they are not parts of a file of this size.
func (u *upload) list(ctx context.Context) error {
	var listed []listPart
	for after := int64(0); ; {
		page, err := u.listPage(ctx, after)
		if err != nil {
			return fmt.Errorf("listing the parts that S3 has: %w", err)
		}
		for _, p := range page.Parts {
			if p.Number <= after || p.ETag == "" {
				return errors.New("listing the parts that S3 has: S3 answers parts out of order")
			}
			after = p.Number
			listed = append(listed, p)
		}
		if !page.IsTruncated || len(page.Parts) == 0 {
			break
		}
	}
	partSize, err := u.partSizeOf(listed)
	if err != nil {
		return err
	}
	u.state.PartSize = partSize
	u.parts = make([]part, partCount(u.size, partSize))
	for _, p := range listed {
		sum, known := parseChecksum(p.Checksum)
		u.parts[p.Number-1] = part{p.ETag, p.Size, sum, known}
	}
	return nil
}

func (u *upload) listPage(ctx context.Context, after int64) (listPartsResult, error) {
	var page listPartsResult
	renewals := 0
	err := u.client.retry(ctx, func() error {
		for ; ; renewals++ {
			grant, err := u.client.GrantPartsList(ctx, u.state.ID, api.PartsListRequest{UploadID: u.state.UploadID, After: &after})
			if err != nil {
				return err
			}
			answer, err := u.client.attemptTransfer(ctx, transfer{method: http.MethodGet, address: grant.URL})
			if isExpired(err) && renewals < maxRenewals {
				continue
			}
			if err != nil {
				return err
			}
			page = listPartsResult{}
			return ifTemporaryCode(decodeXML(answer.content, &page))
		}
	})
	return page, err
}

// partSizeOf returns the size of each part but the last, as the listed parts have it. It fails if they are of another file.
func (u *upload) partSizeOf(listed []listPart) (int64, error) {
	candidates := []int64{u.state.PartSize}
	if u.state.PartSize == 0 {
		if asked := u.options.Request.PartSize; asked != nil {
			candidates = append(candidates, *asked)
		}
		candidates = append(candidates, planPartSize(u.size))
		if len(listed) > 0 {
			first := listed[0]
			candidates = append(candidates, first.Size)
			if first.Number > 1 {
				candidates = append(candidates, (u.size-first.Size)/(first.Number-1)) // it may be the last
			}
		}
	}
	for _, candidate := range candidates {
		if candidate > 0 && partCount(u.size, candidate) <= api.MaxParts && u.fits(listed, candidate) {
			return candidate, nil
		}
	}
	return 0, fmt.Errorf("%w: the parts that S3 has are not those of a file of %d bytes", ErrChanged, u.size)
}

// fits reports whether the listed parts are of a file of this size in parts of partSize bytes.
func (u *upload) fits(listed []listPart, partSize int64) bool {
	count := partCount(u.size, partSize)
	for _, p := range listed {
		if p.Number < 1 || p.Number > count || p.Size != min(partSize, u.size-(p.Number-1)*partSize) {
			return false
		}
	}
	return true
}

// planPartSize returns the part size that the API plans, in bytes: the largest of 16 MiB, a thousandth of the file but at
// most 64 MiB, and what makes 10,000 parts, in whole MiB.
func planPartSize(size int64) int64 {
	const mib = 1 << 20
	thousandth, least := (size+999)/1000, (size+api.MaxParts-1)/api.MaxParts
	planned := max(16*mib, min(thousandth, 64*mib), least)
	return (planned + mib - 1) / mib * mib
}

// compareWhole reads the whole file if the upload's checksum is known that S3 keeps. It returns ErrChanged if the file's is
// another.
func (u *upload) compareWhole(found Upload) error {
	stored, ok := parseChecksum(found.Checksum)
	if !ok || found.ChecksumAlgorithm != api.CRC64NVME {
		return nil
	}
	sum, err := u.sum(0, u.size)
	if err == nil && sum != stored {
		err = fmt.Errorf("%w: upload %s is complete, with other bytes: upload the file anew", ErrChanged, found.ID)
	}
	return err
}

// sum returns the checksum of a piece of the file.
func (u *upload) sum(offset, length int64) (checksum, error) {
	sum := crc64nvme.New()
	if _, err := io.Copy(sum, io.NewSectionReader(u.local, offset, length)); err != nil {
		return 0, fmt.Errorf("reading the file: %w", err)
	}
	return checksum(sum.Sum64()), nil
}

// compare reads some of the parts that S3 has again. It returns ErrChanged if the file has other bytes there.
func (u *upload) compare() error {
	var stored []int64
	for i, p := range u.parts {
		if p.etag != "" && p.known {
			stored = append(stored, int64(i+1))
		}
	}
	compared := min(len(stored), maxCompared)
	for i := range compared {
		number := stored[i*(len(stored)-1)/max(compared-1, 1)] // the first, the last and some between
		offset, length := u.bounds(number)
		sum, err := u.sum(offset, length)
		if err != nil {
			return err
		}
		if sum != u.parts[number-1].sum {
			return fmt.Errorf("%w: its part %d has other bytes than the one that S3 has: upload the file anew", ErrChanged, number)
		}
	}
	return nil
}
