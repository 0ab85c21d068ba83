package upload

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"postern/api"
	"postern/internal/contract"
)

// A LinkMaker is what a link may be made of.
type LinkMaker struct {
	Folders []string         // that the maker may use; empty: all
	Table   contract.Folders // of the stage
	MaxSize int64            // of the maker's largest upload, in bytes
	Expires time.Time        // when the maker's credentials end; zero: they do not
	Now     time.Time
}

// NewLink returns the link that was asked for, without an id, and when it ends. It returns an Error that names the first field
// that is wrong.
func (m LinkMaker) NewLink(asked api.LinkRequest) (Link, time.Time, error) {
	link := Link{From: asked.From, Folders: m.Folders, MaxSize: m.MaxSize, Count: 1, Made: m.Now.UnixMilli()}
	if err := fromText.check("from", asked.From); err != nil {
		return Link{}, time.Time{}, err
	}
	if asked.Note != nil {
		link.Note = strings.ReplaceAll(*asked.Note, "\r\n", "\n")
		if err := noteText.check("note", link.Note); err != nil {
			return Link{}, time.Time{}, err
		}
	}
	if err := m.choose(asked, &link); err != nil {
		return Link{}, time.Time{}, err
	}
	if err := m.bound(asked, &link); err != nil {
		return Link{}, time.Time{}, err
	}
	end, err := m.end(asked.Until)
	return link, end, err
}

// choose sets the folders and formats of a link.
func (m LinkMaker) choose(asked api.LinkRequest, link *Link) error {
	table := m.Table.Only(m.Folders)
	if asked.Folders != nil {
		link.Folders = *asked.Folders
		if len(link.Folders) == 0 || len(table.Only(link.Folders)) != len(link.Folders) {
			return invalid("folders must be one or several of %s, each once", strings.Join(table.Names(), ", "))
		}
	}
	if asked.Formats == nil {
		return nil
	}
	table, link.Formats = table.Only(link.Folders), *asked.Formats
	if n := len(link.Formats); n < 1 || n > api.MaxLinkFormats {
		return invalid("formats are %d: must be 1 to %d", n, api.MaxLinkFormats)
	}
	for i, extension := range link.Formats {
		if !slices.Contains(table.Extensions(), extension) || slices.Contains(link.Formats[:i], extension) {
			return invalid("formats[%d] %s is not known, or given before: must be one of %s", i, Quote(extension), strings.Join(table.Extensions(), ", "))
		}
	}
	return nil
}

// bound sets the sizes and the count of a link.
func (m LinkMaker) bound(asked api.LinkRequest, link *Link) error {
	if m.MaxSize < 1 {
		return &Error{Code: api.Forbidden, Message: "the owner may upload nothing, so no link can be made"}
	}
	if asked.Count != nil {
		link.Count = *asked.Count
	}
	if link.Count < 1 || link.Count > api.MaxLinkFiles {
		return invalid("count is %d: must be 1 to %d", link.Count, api.MaxLinkFiles)
	}
	if asked.MaxSize != nil {
		if link.MaxSize = *asked.MaxSize; link.MaxSize < 1 || link.MaxSize > m.MaxSize {
			return invalid("maxSize is %d: must be 1 to %d, the largest upload", link.MaxSize, m.MaxSize)
		}
	}
	if asked.Total == nil {
		return nil
	}
	if link.Total = *asked.Total; link.Total < 1 {
		return invalid("total is %d: must be at least 1", link.Total)
	}
	return nil
}

// end returns when a link ends that is asked for until then, or for the default.
func (m LinkMaker) end(until *string) (time.Time, error) {
	latest, why := m.Now.AddDate(0, 0, api.MaxLinkDays), fmt.Sprintf("%d days from now", api.MaxLinkDays)
	if !m.Expires.IsZero() && m.Expires.Before(latest) {
		latest, why = m.Expires, "when the credentials that make it end"
	}
	if until == nil {
		end := m.Now.AddDate(0, 0, api.DefaultLinkDays)
		if latest.Before(end) {
			end = latest
		}
		return end, nil
	}
	end, err := time.Parse(time.RFC3339, *until)
	if err != nil {
		return time.Time{}, invalid("until %s is not a time: must be as in %s", Quote(*until), m.Now.UTC().Format(time.RFC3339))
	}
	if !end.After(m.Now) || end.After(latest) {
		return time.Time{}, invalid("until is %s: must be after %s and at most %s, %s", end.UTC().Format(time.RFC3339),
			m.Now.UTC().Format(time.RFC3339), latest.UTC().Format(time.RFC3339), why)
	}
	return end, nil
}

// Check returns an Error if a guest may not send a file by the link: the file lacks its sender's name, or the link has no room.
func (l Link) Check(declared api.UploadRequest, state LinkState) error {
	if declared.Guest == nil {
		return invalid("field guest is missing: must be your name, 1 to %d characters", api.MaxGuest)
	}
	if err := guestText.check("guest", *declared.Guest); err != nil {
		return err
	}
	if !l.Limits().HasRoom(state) {
		return &Error{Code: api.Forbidden, Message: fmt.Sprintf("the link is used up: it was for %s", l.room())}
	}
	if left := l.Total - state.Used.Bytes; l.Total > 0 && declared.Size > left {
		return &Error{Code: api.PayloadTooLarge, Message: fmt.Sprintf("size is %d bytes: must be 1 to %d, what is left of the link's total", declared.Size, left)}
	}
	return nil
}

func (l Link) room() string {
	if l.Total > 0 {
		return fmt.Sprintf("%d files of %d bytes together", l.Count, l.Total)
	}
	return fmt.Sprintf("%d files", l.Count)
}
