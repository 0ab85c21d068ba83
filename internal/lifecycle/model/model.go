// Package model says what may become of uploads, whatever order deliveries, deletions and faults come in: which step may
// follow which, and where all has to end. It is what the tests hold the life cycle to, and knows nothing of how that is
// built.
package model

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// What a record may say of an upload.
const (
	accepted = "accepted"
	ready    = "ready"
	rejected = "rejected"
	deleted  = "deleted"

	unsigned  = "unsigned"
	overQuota = "over_quota"
)

// A Usage is how much an owner keeps, or may keep.
type Usage struct{ Bytes, Files int64 }

// A Version is bytes that arrived.
type Version struct {
	ID   string
	Size int64
	// Text is how many bytes its file name and its title have.
	Text int64
	// Fault is the reason to reject it, quota aside. Empty if there is none.
	Fault string
}

// A Record is what is kept of an upload.
type Record struct {
	Status, Reason string
	Version        string // pinned
	Counted, Files int64
	Text           int64 // bytes of the texts that it keeps
	Published      bool
}

// A Snapshot is all that is kept at one time.
type Snapshot struct {
	Records map[string]Record            // by upload
	Used    map[string]Usage             // by owner
	Tags    map[string]map[string]string // by upload and version; of versions that are no delete markers
}

// A Model follows uploads. The zero value is not usable: see New.
type Model struct {
	quota   Usage
	owners  map[string]string // by upload
	records map[string]Record
	used    map[string]Usage

	versions map[string]map[string]Version // that have arrived, by upload
	tags     map[string]map[string]string  // as last seen
	over     map[string]bool               // versions that there has been no room for at one time
	vanished map[string]bool               // versions that nobody of the model's removed
	doomed   map[string]bool               // uploads that must end
	patched  map[string]bool               // uploads that somebody describes
	removed  map[string]bool               // owners of whom nothing may be left
	heard    map[string]bool               // events that were published, by upload and status
}

// New returns a model in which nothing has arrived, and each owner may keep as much as quota.
func New(quota Usage) *Model {
	return &Model{
		quota: quota, owners: map[string]string{}, records: map[string]Record{}, used: map[string]Usage{},
		versions: map[string]map[string]Version{}, tags: map[string]map[string]string{},
		over: map[string]bool{}, vanished: map[string]bool{}, doomed: map[string]bool{}, patched: map[string]bool{}, removed: map[string]bool{}, heard: map[string]bool{},
	}
}

// Arrive tells of bytes that have arrived.
func (m *Model) Arrive(owner, upload string, version Version) {
	m.owners[upload] = owner
	if m.versions[upload] == nil {
		m.versions[upload], m.tags[upload] = map[string]Version{}, map[string]string{}
	}
	m.versions[upload][version.ID] = version
	m.tags[upload][version.ID] = ""
	m.measure()
}

// Vanish tells that a version was removed by the bucket itself.
func (m *Model) Vanish(upload, version string) {
	m.vanished[version] = true
	delete(m.tags[upload], version)
}

// Doom tells that an upload was asked to be deleted, or has expired: it must end.
func (m *Model) Doom(owner, upload string) {
	m.owners[upload] = owner
	m.doomed[upload] = true
}

// Remove tells that an owner is removed: nothing of theirs may be left, their usage included, and what arrives is nothing.
func (m *Model) Remove(owner string) { m.removed[owner] = true }

// Patch tells that somebody describes an upload.
func (m *Model) Patch(upload string) { m.patched[upload] = true }

// Forget tells that the record of an upload has expired. Its error says why it must not. What arrives then is a new upload.
func (m *Model) Forget(upload string) error {
	is := m.records[upload]
	if !is.Published || is.Status != deleted && is.Reason != overQuota || is.Counted != 0 || is.Files != 0 {
		return fmt.Errorf("%s: %+v has expired", upload, is)
	}
	delete(m.records, upload)
	delete(m.versions, upload)
	delete(m.tags, upload)
	delete(m.doomed, upload)
	for _, status := range []string{ready, rejected, deleted} {
		delete(m.heard, upload+status)
	}
	return nil
}

// Hear tells of an event that was published.
func (m *Model) Hear(upload, status string) { m.heard[upload+status] = true }

// Observe compares a snapshot with the one before: at most one step lies between them. Its error says what must not be.
func (m *Model) Observe(now Snapshot) error {
	var errs []error
	for upload := range now.Records {
		if _, ok := m.owners[upload]; !ok {
			errs = append(errs, fmt.Errorf("%s: a record of nothing", upload))
		}
	}
	for upload := range m.owners {
		if err := m.observe(upload, now); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", upload, err))
		}
	}
	owners := slices.Sorted(maps.Values(m.owners))
	for owner := range now.Used {
		owners = append(owners, owner)
	}
	slices.Sort(owners)
	for _, owner := range slices.Compact(owners) {
		if now.Used[owner] != m.used[owner] && !m.removed[owner] { // whose usage goes with the uploads, in no order
			errs = append(errs, fmt.Errorf("%s: usage is %+v, what is kept is %+v", owner, now.Used[owner], m.used[owner]))
		}
	}
	m.measure()
	return errors.Join(errs...)
}

// observe follows one upload.
func (m *Model) observe(upload string, now Snapshot) error {
	was, is := m.records[upload], now.Records[upload]
	if err := m.step(upload, was, is); err != nil {
		return fmt.Errorf("%+v, then %+v: %w", was, is, err)
	}
	m.records[upload] = is
	owner := m.owners[upload]
	m.used[owner] = Usage{m.used[owner].Bytes + is.Counted - was.Counted, m.used[owner].Files + is.Files - was.Files}
	// Of the end of an upload that was never recorded nobody is to hear.
	never := is.Status == deleted && is.Version == ""
	switch heard := m.heard[upload+is.Status]; {
	case is.Published && !heard && !never:
		return errors.New("published, and nobody heard")
	case heard && never:
		return errors.New("published, and it never was")
	}
	return m.look(upload, is, now.Tags[upload])
}

// step says whether a record may become another.
func (m *Model) step(upload string, was, is Record) error {
	was.Published, is.Published = false, false
	switch {
	case was == is:
		return nil
	case was.Status == "" && is.Status == accepted:
		return m.accept(upload, is)
	case was.Status != deleted && is.Status == deleted:
		return m.end(upload, was, is)
	case was.Status == is.Status && was.Text != is.Text:
		return m.patch(upload, was, is)
	case was.Status == accepted && is.Status == verdict(is):
		was.Status = is.Status
		if was == is {
			return nil
		}
	}
	return errors.New("no such step")
}

func verdict(r Record) string {
	if r.Reason != "" {
		return rejected
	}
	return ready
}

// accept says whether a new record is right.
func (m *Model) accept(upload string, is Record) error {
	version, ok := m.versions[upload][is.Version]
	switch {
	case !ok:
		return errors.New("pins what never arrived")
	case is.Text != version.Text:
		return fmt.Errorf("want %d bytes of text", version.Text)
	case is.Reason == overQuota && (is.Counted != 0 || is.Files != 0):
		return errors.New("counts although over quota")
	case is.Reason == overQuota && !m.over[is.Version]:
		return errors.New("over quota although there was always room")
	case is.Reason == overQuota:
		return nil
	case is.Reason != version.Fault:
		return fmt.Errorf("want reason %q", version.Fault)
	case is.Counted != version.Size+version.Text || is.Files != 1:
		return fmt.Errorf("want %d counted, and a file", version.Size+version.Text)
	case !m.hasRoom(upload, version):
		return fmt.Errorf("%+v of %+v are used", m.used[m.owners[upload]], m.quota)
	}
	return nil
}

// hasRoom says whether a version fits into the quota as of now. For one that is unsigned, no quota is known.
func (m *Model) hasRoom(upload string, version Version) bool {
	used := m.used[m.owners[upload]]
	return version.Fault == unsigned || used.Bytes+version.Size+version.Text <= m.quota.Bytes && used.Files+1 <= m.quota.Files
}

// patch says whether the texts of a record may become others.
func (m *Model) patch(upload string, was, is Record) error {
	size, more := m.versions[upload][is.Version].Size, is.Counted-was.Counted
	used := m.used[m.owners[upload]].Bytes
	switch {
	case !m.patched[upload]:
		return errors.New("described, and nobody asked")
	case is.Reason == overQuota || is.Status == deleted:
		return errors.New("described, and nothing counts it")
	case is.Counted != size+is.Text:
		return fmt.Errorf("want %d counted", size+is.Text)
	case more > 0 && used+more > m.quota.Bytes:
		return fmt.Errorf("%d of %d are used", used, m.quota.Bytes)
	}
	was.Counted, was.Text = is.Counted, is.Text
	if was != is {
		return errors.New("changes more than its texts")
	}
	return nil
}

// end says whether an upload may end.
func (m *Model) end(upload string, was, is Record) error {
	switch {
	case !m.doomed[upload] && !m.vanished[was.Version] && !m.removed[m.owners[upload]]:
		return errors.New("ended, and nobody asked")
	case is.Counted != 0 || is.Files != 0:
		return errors.New("counts although deleted")
	case is.Text != 0:
		return errors.New("keeps texts although deleted")
	case is.Version != was.Version:
		return errors.New("pins another version")
	}
	return nil
}

// look compares what is there with what was, and with what the record says.
func (m *Model) look(upload string, is Record, tags map[string]string) error {
	for version := range m.tags[upload] {
		if _, ok := tags[version]; !ok && !expendable(is, version) && !m.removed[m.owners[upload]] {
			return fmt.Errorf("version %s is gone", version)
		}
	}
	for version, tag := range tags {
		if _, ok := m.versions[upload][version]; !ok {
			return fmt.Errorf("version %s never arrived", version)
		}
		if tag != "" && (is.Version != version || tag != verdict(is) || is.Reason == overQuota) {
			return fmt.Errorf("version %s is tagged %s", version, tag)
		}
	}
	m.tags[upload] = tags
	return nil
}

// expendable says whether a version may be removed.
func expendable(is Record, version string) bool {
	switch is.Status {
	case "":
		return false
	case deleted:
		return true
	}
	return is.Version != version || is.Reason == overQuota
}

// measure notes which versions there is no room for.
func (m *Model) measure() {
	for upload, versions := range m.versions {
		for id, version := range versions {
			m.over[id] = m.over[id] || !m.hasRoom(upload, version)
		}
	}
}

// End compares a snapshot with where all has to end, once everything is delivered. Its error says what is not as it must be.
func (m *Model) End(now Snapshot) error {
	errs := []error{m.Observe(now)}
	for upload := range m.owners {
		is, want := now.Records[upload], m.last(upload, now.Records[upload])
		if is.Status != want.Status || is.Published != want.Published {
			errs = append(errs, fmt.Errorf("%s: ends as %+v, want %s, published", upload, is, want.Status))
		}
		if used := now.Used[m.owners[upload]]; m.removed[m.owners[upload]] && used != (Usage{}) {
			errs = append(errs, fmt.Errorf("%s: removed, and usage is %+v", m.owners[upload], used))
		}
		if left := now.Tags[upload]; !maps.Equal(left, wanted(is)) {
			errs = append(errs, fmt.Errorf("%s: ends as %+v with versions %v, want %v", upload, is, left, wanted(is)))
		}
	}
	return errors.Join(errs...)
}

// last is where an upload has to end that is now as it is.
func (m *Model) last(upload string, is Record) Record {
	arrived := slices.ContainsFunc(slices.Collect(maps.Keys(m.versions[upload])), func(version string) bool { return !m.vanished[version] })
	switch {
	case m.removed[m.owners[upload]] && is.Status == "":
		return Record{}
	case m.removed[m.owners[upload]], m.doomed[upload], is.Reason != overQuota && m.vanished[is.Version]:
		return Record{Status: deleted, Published: true}
	case arrived, is.Status != "":
		return Record{Status: verdict(is), Published: true}
	default:
		return Record{}
	}
}

// wanted are the versions that have to be left, with their tags.
func wanted(is Record) map[string]string {
	if (is.Status == ready || is.Status == rejected) && is.Reason != overQuota {
		return map[string]string{is.Version: is.Status}
	}
	return nil
}
