package upload

import "postern/api"

// View is what the owner is told of an upload. A record with a Version of 0 is one that does not exist, of an upload
// that is waited for.
func (r Record) View() api.Upload {
	return api.Upload{
		ID:          r.ID,
		Status:      r.Shown(),
		Reason:      r.shownReason(),
		Filename:    r.Filename,
		Title:       r.Title,
		Description: r.Description,
		Labels:      r.Labels,
		Type:        r.Type,
		Size:        r.Size,
		Checksum:    r.Checksum,
		CreatedAt:   GrantedAt(r.ID),
		Version:     r.Version,
	}
}

// shownReason is empty until the upload is rejected: an accepted one has its reason before its status.
func (r Record) shownReason() string {
	if r.Status != Rejected {
		return ""
	}
	return string(r.Reason)
}
