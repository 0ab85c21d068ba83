package upload_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/api"
	"postern/internal/contract"
	"postern/internal/upload"
)

var linkTime = time.Date(2026, time.March, 14, 15, 9, 26, 535_000_000, time.UTC)

func terms() upload.Link {
	return upload.Link{
		Mail: "ann@example.com", From: "Ann", Note: "The film, \"please\" 🏖\n<b>", Folders: []string{"videos"}, Formats: []string{"mp4"},
		MaxSize: 1 << 40, Count: 10, Total: 1 << 41, Made: linkTime.UnixMilli(),
	}
}

// newLink makes a link of the tests' owner.
func newLink(t testing.TB, link upload.Link) (made upload.Link, token string) {
	t.Helper()
	made, token, err := keyOf(t, secret, owner).NewLink(owner, link, linkTime.Add(time.Hour), bytes.NewReader(bytes.Repeat([]byte{9}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	return made, token
}

func TestLinkRoundTrips(t *testing.T) {
	for _, link := range []upload.Link{terms(), {MaxSize: 1, Count: 1, Made: 1}} {
		made, text := newLink(t, link)
		token, err := upload.ParseLinkToken(text)
		if err != nil || token.Owner != owner {
			t.Fatalf("ParseLinkToken: %v, owner %s", err, token.Owner)
		}
		got, ok := keyOf(t, secret, owner).OpenLink(token)
		link.ID = made.ID
		if diff := cmp.Diff(got, link); !ok || diff != "" {
			t.Errorf("OpenLink: %t (-got +want)\n%s", ok, diff)
		}
		if want := linkTime.Add(time.Hour).Truncate(time.Second); !got.Until().Equal(want) {
			t.Errorf("ends at %s, want %s", got.Until(), want)
		}
		if len(made.ID) != 32 || strings.Contains(text, made.ID) || !strings.HasPrefix(text, "pstl_") {
			t.Errorf("id %s, token %s", made.ID, text)
		}
	}
}

// A link shows nothing of its terms, and no way of printing it shows the link.
func TestLinksAreSecrets(t *testing.T) {
	_, text := newLink(t, terms())
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, "pstl_"))
	if err != nil || bytes.Contains(raw, []byte("ann@example.com")) || bytes.Contains(raw, []byte("Ann")) {
		t.Errorf("%v, or the link shows its terms", err)
	}
	token, err := upload.ParseLinkToken(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb, token); got != "[link]" {
			t.Errorf("%s: %s", verb, got)
		}
	}
}

// Whichever bit of a link is another, and whoever's key is tried, it opens nothing.
func TestEditedLinks(t *testing.T) {
	made, text := newLink(t, terms())
	key := keyOf(t, secret, owner)
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, "pstl_"))
	if err != nil {
		t.Fatal(err)
	}
	open := func(text string) bool {
		token, err := upload.ParseLinkToken(text)
		if err != nil {
			return false
		}
		_, own := keyOf(t, secret, token.Owner).OpenLink(token)
		_, same := key.OpenLink(token)
		return own || same
	}
	if !open(text) {
		t.Fatal("the link itself does not open")
	}
	for bit := range 8 * len(raw) {
		edited := bytes.Clone(raw)
		edited[bit/8] ^= 1 << (bit % 8)
		if open("pstl_" + base64.RawURLEncoding.EncodeToString(edited)) {
			t.Errorf("bit %d: it opens", bit)
		}
	}
	for i := range len(text) {
		if open(text[:i]) || open(text[:i]+"\n"+text[i:]) || open(text[:i]+"="+text[i:]) {
			t.Errorf("cut off, or with another character, at %d: it opens", i)
		}
	}
	for name, other := range map[string]string{
		"padding": text + "=", "longer": text + "AAAA", "key for scripts": "pstn_" + text[5:], "upper case": "PSTL_" + text[5:], "huge": "pstl_" + strings.Repeat("A", 9000), "empty": "",
	} {
		if open(other) {
			t.Errorf("%s: it opens", name)
		}
	}
	token, _ := upload.ParseLinkToken(text)
	stage := "x" + secret[1:]
	if _, ok := keyOf(t, stage, owner).OpenLink(token); ok {
		t.Error("another stage opens it")
	}
	for i := range len(made.ID) {
		edited := []byte(made.ID)
		edited[i] = "ab"[map[bool]int{true: 1}[edited[i] == 'a']]
		if key.MadeLink(string(edited)) || key.MadeLink(made.ID[:i]) || key.MadeLink(made.ID[:i]+"\n"+made.ID[i:]) {
			t.Errorf("id with another character %d: made", i)
		}
	}
	if !key.MadeLink(made.ID) || keyOf(t, stage, owner).MadeLink(made.ID) || !upload.LinkEnd("").IsZero() {
		t.Error("ids are not bound to their key")
	}
}

func TestLinksThatCannotBeMade(t *testing.T) {
	key := keyOf(t, secret, owner)
	long := terms()
	long.Note = strings.Repeat("\"", 1500)
	if _, _, err := key.NewLink(owner, long, linkTime, strings.NewReader(strings.Repeat("k", 64))); upload.CodeForTest(err) != api.InvalidRequest {
		t.Errorf("long: %v", err)
	}
	if _, _, err := key.NewLink("nobody", terms(), linkTime, strings.NewReader(strings.Repeat("k", 64))); err == nil {
		t.Error("of no owner: made")
	}
	broken := errors.New("broken")
	for _, random := range []int{0, 9} {
		reader := iotest.ErrReader(broken)
		_, _, err := key.NewLink(owner, terms(), linkTime, io.MultiReader(strings.NewReader(strings.Repeat("k", random)), reader))
		if !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", random, err)
		}
	}
	longest := terms()
	longest.From, longest.Note = strings.Repeat("🏖", api.MaxLinkFrom), strings.Repeat("🏖", api.MaxLinkNote)
	if _, text := newLink(t, longest); len(text) > upload.MaxLinkToken {
		t.Errorf("%d characters, more than %d", len(text), upload.MaxLinkToken)
	}
}

func linkTable() contract.Folders {
	return contract.Folders{
		"videos":    {MaxSize: 5 << 40, Formats: map[string]string{"mp4": "video/mp4", "mov": "video/quicktime"}},
		"documents": {MaxSize: 1 << 20, Formats: map[string]string{"pdf": "application/pdf"}},
	}
}

func maker() upload.LinkMaker {
	return upload.LinkMaker{Table: linkTable(), MaxSize: 1 << 30, Now: linkTime}
}

func TestTermsOfALink(t *testing.T) {
	week := linkTime.AddDate(0, 0, 7)
	for _, test := range []struct {
		name  string
		asked api.LinkRequest
		maker func(*upload.LinkMaker)
		want  upload.Link
		end   time.Time
	}{
		{"least", api.LinkRequest{From: "Ann"}, nil, upload.Link{From: "Ann", MaxSize: 1 << 30, Count: 1, Made: linkTime.UnixMilli()}, week},
		{
			"all",
			api.LinkRequest{
				From: "Ann", Note: new("a\r\nb"), Folders: &[]string{"videos"}, Formats: &[]string{"mov"}, MaxSize: new(int64(7)), Count: new(int64(10)),
				Total: new(int64(9)), Until: new("2026-03-15T00:00:00+01:00"),
			},
			nil,
			upload.Link{
				From: "Ann", Note: "a\nb", Folders: []string{"videos"}, Formats: []string{"mov"}, MaxSize: 7, Count: 10, Total: 9, Made: linkTime.UnixMilli(),
			},
			time.Date(2026, time.March, 14, 23, 0, 0, 0, time.UTC),
		},
		{
			"folders of a key",
			api.LinkRequest{From: "Ann"},
			func(m *upload.LinkMaker) { m.Folders, m.MaxSize = []string{"documents"}, 5 },
			upload.Link{From: "Ann", Folders: []string{"documents"}, MaxSize: 5, Count: 1, Made: linkTime.UnixMilli()},
			week,
		},
		{
			"end of a key",
			api.LinkRequest{From: "Ann"},
			func(m *upload.LinkMaker) { m.Expires = linkTime.Add(time.Hour) },
			upload.Link{From: "Ann", MaxSize: 1 << 30, Count: 1, Made: linkTime.UnixMilli()},
			linkTime.Add(time.Hour),
		},
	} {
		m := maker()
		if test.maker != nil {
			test.maker(&m)
		}
		got, end, err := m.NewLink(test.asked)
		if diff := cmp.Diff(got, test.want); err != nil || diff != "" || !end.Equal(test.end) {
			t.Errorf("%s: %v, end %s, want %s (-got +want)\n%s", test.name, err, end, test.end, diff)
		}
	}
}

func TestTermsThatAreRefused(t *testing.T) {
	long := strings.Repeat("x", 501)
	for _, test := range []struct {
		name, want string
		edit       func(*api.LinkRequest)
	}{
		{"no sender", "from \"\" has 0 characters", func(r *api.LinkRequest) { r.From = "" }},
		{"blank sender", "from \" \\u200d\" has", func(r *api.LinkRequest) { r.From = " \u200d" }},
		{"long sender", "from \"xxxx", func(r *api.LinkRequest) { r.From = long }},
		{"sender in two lines", "has a control character", func(r *api.LinkRequest) { r.From = "a\nb" }},
		{"sender that turns text", "has a character that turns or breaks", func(r *api.LinkRequest) { r.From = "a\u202eb" }},
		{"long note", "note \"xxxx", func(r *api.LinkRequest) { r.Note = &long }},
		{"note that turns text", "has a character that turns or breaks", func(r *api.LinkRequest) { r.Note = new("\u2067") }},
		{"no folders", "folders must be", func(r *api.LinkRequest) { r.Folders = &[]string{} }},
		{"unknown folder", "folders must be", func(r *api.LinkRequest) { r.Folders = &[]string{"videos", "../secret"} }},
		{"folder twice", "folders must be", func(r *api.LinkRequest) { r.Folders = &[]string{"videos", "videos"} }},
		{"no formats", "formats are 0: must be 1 to 50", func(r *api.LinkRequest) { r.Formats = &[]string{} }},
		{"many formats", "formats are 51: must be 1 to 50", func(r *api.LinkRequest) { r.Formats = new(make([]string, 51)) }},
		{"unknown format", "formats[1] \"exe\" is not known", func(r *api.LinkRequest) { r.Formats = &[]string{"mp4", "exe"} }},
		{"format twice", "formats[1] \"mp4\"", func(r *api.LinkRequest) { r.Formats = &[]string{"mp4", "mp4"} }},
		{"format of another folder", "formats[0] \"pdf\"", func(r *api.LinkRequest) { r.Folders, r.Formats = &[]string{"videos"}, &[]string{"pdf"} }},
		{"no size", "maxSize is 0: must be 1 to 1073741824", func(r *api.LinkRequest) { r.MaxSize = new(int64(0)) }},
		{"too large", "maxSize is 1073741825", func(r *api.LinkRequest) { r.MaxSize = new(int64(1<<30 + 1)) }},
		{"no file", "count is 0: must be 1 to 10000", func(r *api.LinkRequest) { r.Count = new(int64(0)) }},
		{"many files", "count is 9223372036854775807", func(r *api.LinkRequest) { r.Count = new(int64(math.MaxInt64)) }},
		{"no total", "total is -1: must be at least 1", func(r *api.LinkRequest) { r.Total = new(int64(-1)) }},
		{"no time", "until \"tomorrow\" is not a time", func(r *api.LinkRequest) { r.Until = new("tomorrow") }},
		{"past", "until is 2026-03-14T15:09:26Z: must be after", func(r *api.LinkRequest) { r.Until = new("2026-03-14T15:09:26Z") }},
		{"far", "at most 2027-03-15T15:09:26Z, 366 days from now", func(r *api.LinkRequest) { r.Until = new("2027-03-15T15:09:27Z") }},
		{"a year that overflows", "until is 9999-12-31T23:59:59Z", func(r *api.LinkRequest) { r.Until = new("9999-12-31T23:59:59Z") }},
	} {
		asked := api.LinkRequest{From: "Ann"}
		test.edit(&asked)
		_, _, err := maker().NewLink(asked)
		if upload.CodeForTest(err) != api.InvalidRequest || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
	m := maker()
	m.Expires = linkTime.Add(time.Hour)
	if _, _, err := m.NewLink(api.LinkRequest{From: "Ann", Until: new("2026-03-15T00:00:00Z")}); upload.CodeForTest(err) != api.InvalidRequest {
		t.Errorf("beyond the key's end: %v", err)
	}
	m = maker()
	m.MaxSize = 0
	if _, _, err := m.NewLink(api.LinkRequest{From: "Ann"}); upload.CodeForTest(err) != api.Forbidden {
		t.Errorf("of an owner who may upload nothing: %v", err)
	}
	m = maker()
	m.Folders = []string{"documents"}
	if _, _, err := m.NewLink(api.LinkRequest{From: "Ann", Folders: &[]string{"videos"}}); upload.CodeForTest(err) != api.InvalidRequest {
		t.Errorf("beyond the key's folders: %v", err)
	}
}

func TestNamesOfGuests(t *testing.T) {
	link := terms()
	for _, name := range []string{"Ann", "Ольга", "محمد", "דוד", "👩‍👩‍👧", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "O'Neil <b>&amp;", strings.Repeat("🏖", 100), "می\u200cخواهم"} {
		if err := link.Check(api.UploadRequest{Size: 1, Guest: &name}, upload.LinkState{}); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{
		"", " ", "\t", "a\x00", "a\nb", "a\u202eb", "a\u2066b", "a\u2028b", "\x9b", "\u200d", "\xff", strings.Repeat("x", 101),
	} {
		if err := link.Check(api.UploadRequest{Size: 1, Guest: &name}, upload.LinkState{}); upload.CodeForTest(err) != api.InvalidRequest {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := link.Check(api.UploadRequest{Size: 1}, upload.LinkState{}); err == nil || err.Error() != "field guest is missing: must be your name, 1 to 100 characters" {
		t.Errorf("no name: %v", err)
	}
}

func TestRoomOfALink(t *testing.T) {
	for _, test := range []struct {
		state upload.LinkState
		size  int64
		want  string
	}{
		{upload.LinkState{}, 100, ""},
		{upload.LinkState{}, 101, "size is 101 bytes: must be 1 to 100, what is left of the link's total"},
		{upload.LinkState{Used: upload.Usage{Files: 1, Bytes: 60}}, 40, ""},
		{upload.LinkState{Used: upload.Usage{Files: 1, Bytes: 60}}, 41, "size is 41 bytes: must be 1 to 40, what is left of the link's total"},
		{upload.LinkState{Used: upload.Usage{Files: 1, Bytes: 100}}, 1, "the link is used up: it was for 2 files of 100 bytes together"},
		{upload.LinkState{Used: upload.Usage{Files: 2}}, 1, "the link is used up: it was for 2 files of 100 bytes together"},
		{upload.LinkState{Rejected: 4}, 1, ""},
		{upload.LinkState{Rejected: 5}, 1, "the link is used up: it was for 2 files of 100 bytes together"},
	} {
		link := upload.Link{Count: 2, Total: 100}
		got := ""
		if err := link.Check(api.UploadRequest{Size: test.size, Guest: new("Ann")}, test.state); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%+v, %d bytes: got %q, want %q", test.state, test.size, got, test.want)
		}
	}
	unbounded := upload.Link{Count: 20}
	if err := unbounded.Check(api.UploadRequest{Size: 1 << 40, Guest: new("Ann")}, upload.LinkState{Rejected: 19}); err != nil {
		t.Errorf("without a total: %v", err)
	}
}

func TestRevokedLinks(t *testing.T) {
	for _, test := range []struct {
		state upload.LinkState
		made  int64
		want  bool
	}{
		{upload.LinkState{}, 5, false},
		{upload.LinkState{Revoked: true}, 5, true},
		{upload.LinkState{RevokedAt: time.UnixMilli(5)}, 4, true},
		{upload.LinkState{RevokedAt: time.UnixMilli(5)}, 5, true},
		{upload.LinkState{RevokedAt: time.UnixMilli(5)}, 6, false},
	} {
		if got := test.state.IsRevoked(test.made); got != test.want {
			t.Errorf("%+v, made %d: got %t", test.state, test.made, got)
		}
	}
}

// However long the names and numbers of a guest's upload are, S3's metadata holds them, or the guest is told.
func TestSealsOfGuests(t *testing.T) {
	made, _ := newLink(t, upload.Link{Count: api.MaxLinkFiles, Total: math.MaxInt64, Made: linkTime.UnixMilli()})
	declared := upload.Declared{
		Quota: math.MaxInt64, Files: api.MaxFiles, Size: api.MaxObject, Filename: strings.Repeat("🎬", 115) + ".mp4", Title: strings.Repeat("t", 300),
		Context: strings.Repeat("c", 80), Guest: strings.Repeat("🏖", 99), Link: made.Limits(),
	}
	key := keyOf(t, secret, owner)
	metadata, err := key.Seal("k", declared, strings.NewReader("twelve bytes"))
	if err != nil {
		t.Fatal(err)
	}
	if size := len("x-amz-meta-postern") + len(metadata["postern"]); size > 2<<10 || size < 2000 {
		t.Errorf("%d bytes of metadata, want nearly 2 KB", size)
	}
	if got, ok := key.Open("k", metadata); !ok || got != declared {
		t.Errorf("got %+v, %t", got, ok)
	}
	declared.Guest += "🏖xxxxxxxxxxxxx"
	if _, err := key.Seal("k", declared, strings.NewReader("twelve bytes")); upload.CodeForTest(err) != api.InvalidRequest ||
		!strings.Contains(err.Error(), "and guest \"🏖") || !strings.Contains(err.Error(), "must be at most 1167, which S3's metadata holds beside the context") {
		t.Errorf("got %v", err)
	}
}

// FuzzLinkToken: whatever a header holds, reading it does not panic, and what it reads is the one way to write it.
func FuzzLinkToken(f *testing.F) {
	made, text := newLink(f, terms())
	f.Add(text)
	f.Add("pstl_" + strings.Repeat("A", 60))
	f.Add("pstl_")
	f.Fuzz(func(t *testing.T, given string) {
		token, err := upload.ParseLinkToken(given)
		if err != nil {
			if !errors.Is(err, upload.ErrLinkToken) || token.Owner != "" {
				t.Errorf("got %v with %q", err, token.Owner)
			}
			return
		}
		if !api.IsOwner(token.Owner) {
			t.Errorf("owner %q", token.Owner)
		}
		link, ok := keyOf(t, secret, token.Owner).OpenLink(token)
		if ok != (given == text) || ok && link.ID != made.ID {
			t.Errorf("%q opens: %t", given, ok)
		}
	})
}
