package contract_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postern/api"
	"postern/internal/contract"
)

const (
	owner = "0123456789abcdef0123"
	uuid  = "0190f3b2c4d57e8f90a1b2c3d4e5f607"
)

var folders = contract.Folders{
	"videos":    {MaxSize: 5 << 30, Formats: map[string]string{"mp4": "video/mp4", "mov": "video/quicktime"}},
	"documents": {MaxSize: 1 << 20, Formats: map[string]string{"pdf": "application/pdf"}},
}

func TestKey(t *testing.T) {
	for _, test := range []struct{ name, owner, id, want, err string }{
		{"video", owner, uuid + ".mp4", "videos/" + owner + "/" + uuid + ".mp4", ""},
		{"document", owner, uuid + ".pdf", "documents/" + owner + "/" + uuid + ".pdf", ""},
		{"unknown extension", owner, uuid + ".html", "", "no folder for the extension of upload id " + uuid + ".html"},
		{"no owner", "", uuid + ".mp4", "", "malformed owner"},
		{"owner with a slash", "../0123456789abcdef0", uuid + ".mp4", "", "malformed owner"},
		{"owner with capitals", strings.ToUpper(owner), uuid + ".mp4", "", "malformed owner"},
		{"no id", owner, "", "", "malformed upload id"},
		{"id with a path", owner, uuid + ".mp4/../x", "", "malformed upload id"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := folders.Key(test.owner, test.id)
			message := ""
			if err != nil {
				message = err.Error()
			}
			if got != test.want || message != test.err {
				t.Errorf("got %q, %q, want %q, %q", got, message, test.want, test.err)
			}
		})
	}
}

// TestKeyStaysInItsFolder takes anything for an owner and an id.
func TestKeyStaysInItsFolder(t *testing.T) {
	anything := rapid.OneOf(rapid.String(), rapid.StringMatching(`[0-9a-f]{19,21}`), rapid.StringMatching(`[0-9a-f]{31,33}\.(mp4|pdf|MP4|html|mp4/)`))
	rapid.Check(t, func(t *rapid.T) {
		o, id := anything.Draw(t, "owner"), anything.Draw(t, "id")
		key, err := folders.Key(o, id)
		if err != nil {
			return
		}
		parts := strings.Split(key, "/")
		if len(parts) != 3 || len(parts[1]) != 20 || len(parts[2]) != 36 || parts[1] != o || parts[2] != id {
			t.Fatalf("key %q of owner %q and id %q", key, o, id)
		}
		if _, ok := folders[parts[0]]; !ok {
			t.Fatalf("key %q has no folder of the table", key)
		}
	})
}

func TestFormats(t *testing.T) {
	mov := contract.Format{Extension: "mov", ContentType: "video/quicktime", Folder: "videos", MaxSize: 5 << 30}
	for _, extension := range []string{"mov", "MOV", "Mov"} {
		if got, ok := folders.ByExtension(extension); !ok || got != mov {
			t.Errorf("extension %s: got %v, %v, want %v", extension, got, ok, mov)
		}
	}
	for _, contentType := range []string{"video/quicktime", "Video/QuickTime"} {
		if got, ok := folders.ByType(contentType); !ok || got != mov {
			t.Errorf("type %s: got %v, %v, want %v", contentType, got, ok, mov)
		}
	}
	for _, unknown := range []string{"", ".mov", "video/quicktime; x=1", "html", "videos"} {
		if got, ok := folders.ByExtension(unknown); ok {
			t.Errorf("extension %q: got %v, want none", unknown, got)
		}
		if got, ok := folders.ByType(unknown); ok {
			t.Errorf("type %q: got %v, want none", unknown, got)
		}
	}
}

// TestTypeOfSeveralExtensions finds the same format each time.
func TestTypeOfSeveralExtensions(t *testing.T) {
	folders := contract.Folders{"images": {MaxSize: 1, Formats: map[string]string{
		"jpeg": "image/jpeg", "jpg": "image/jpeg", "jfif": "image/jpeg", "jpx": "image/jpeg", "heif": "image/heic", "heic": "image/heic",
	}}}
	for contentType, want := range map[string]string{"image/jpeg": "jpg", "image/heic": "heic"} {
		for range 100 {
			if got, _ := folders.ByType(contentType); got.Extension != want {
				t.Fatalf("%s: got %s, want %s", contentType, got.Extension, want)
			}
		}
	}
	if diff := cmp.Diff(folders.ContentTypes(), []string{"image/heic", "image/jpeg"}); diff != "" {
		t.Errorf("content types (-got +want):\n%s", diff)
	}
}

func TestListsAreSorted(t *testing.T) {
	for _, test := range []struct {
		name      string
		got, want []string
	}{
		{"names", folders.Names(), []string{"documents", "videos"}},
		{"extensions", folders.Extensions(), []string{"mov", "mp4", "pdf"}},
		{"content types", folders.ContentTypes(), []string{"application/pdf", "video/mp4", "video/quicktime"}},
	} {
		if diff := cmp.Diff(test.got, test.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", test.name, diff)
		}
	}
}

// FuzzKey: whatever owner and id are, a key stays in a folder of the table and has them as its last two segments.
func FuzzKey(f *testing.F) {
	f.Add(owner, uuid+".mp4")
	f.Add("../0123456789abcdef0", uuid+".pdf")
	f.Add(owner, uuid+".mp4/../../x")
	f.Fuzz(func(t *testing.T, owner, id string) {
		key, err := folders.Key(owner, id)
		if err != nil {
			return
		}
		parts := strings.Split(key, "/")
		if len(parts) != 3 || parts[1] != owner || parts[2] != id {
			t.Fatalf("Key(%q, %q) = %q", owner, id, key)
		}
		if _, ok := folders[parts[0]]; !ok || !api.IsOwner(owner) || !api.IsID(id) {
			t.Fatalf("Key(%q, %q) = %q", owner, id, key)
		}
		if gotOwner, gotID, ok := api.ParseKey(key); !ok || gotOwner != owner || gotID != id {
			t.Fatalf("ParseKey(%q) = %q, %q, %t", key, gotOwner, gotID, ok)
		}
	})
}

// FuzzParseKey: whatever a key is, it parses if it has a folder, an owner and an id and nothing else, and a table that
// has the folder makes the same key of the two again.
func FuzzParseKey(f *testing.F) {
	const good = "videos/" + owner + "/" + uuid + ".mp4"
	for _, key := range []string{
		good, "-/" + owner + "/" + uuid + ".0", "", "//", good + "/", "/" + good, "../" + good, good + "\x00", good + "\n",
		"videos//" + owner + "/" + uuid + ".mp4", "videos/" + owner + "/usage", "videos/" + owner + "%2F" + uuid + ".mp4",
		"v\u00efdeos/" + owner + "/" + uuid + ".mp4", "videos/" + owner + "/" + uuid + ".m\xff4",
	} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		owner, id, ok := api.ParseKey(key)
		parts := strings.Split(key, "/")
		want := len(parts) == 3 && api.IsFolder(parts[0]) && api.IsOwner(parts[1]) && api.IsID(parts[2])
		if ok != want {
			t.Fatalf("ParseKey(%q) = %q, %q, %t, want %t", key, owner, id, ok, want)
		}
		if !ok {
			return
		}
		_, extension, _ := strings.Cut(id, ".")
		table := contract.Folders{parts[0]: {Formats: map[string]string{extension: "video/mp4"}}}
		if second, err := table.Key(owner, id); second != key || err != nil {
			t.Fatalf("ParseKey(%q) = %q, %q, of which Key makes %q, %v", key, owner, id, second, err)
		}
	})
}
