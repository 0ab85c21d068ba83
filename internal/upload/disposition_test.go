package upload_test

import (
	"mime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"postern/api"
	"postern/internal/upload"
)

func TestDisposition(t *testing.T) {
	for _, test := range []struct{ name, filename, want string }{
		{"none", "", `attachment`},
		{"plain", "my holiday (2).mp4", `attachment; filename="my holiday (2).mp4"`},
		{"not ASCII", "Übung 🎬.mp4", `attachment; filename="_bung _.mp4"; filename*=UTF-8''%C3%9Cbung%20%F0%9F%8E%AC.mp4`},
		{"quotes", `a"b'c.mp4`, `attachment; filename="a_b'c.mp4"; filename*=UTF-8''a%22b%27c.mp4`},
		{"escapes", "100%41.mp4", `attachment; filename="100_41.mp4"; filename*=UTF-8''100%2541.mp4`},
		{"further parameter", `a"; filename="b.html`, `attachment; filename="a_; filename=_b.html"; filename*=UTF-8''a%22%3B%20filename%3D%22b.html`},
		{"further header", "a\r\nSet-Cookie: b.mp4", `attachment; filename="a__Set-Cookie: b.mp4"`},
		{"path", `..\../a.mp4`, `attachment; filename=".._.._a.mp4"`},
		{"direction", "a\u202egpj.mp4\u2066", `attachment; filename="a_gpj.mp4_"`},
		{"mark", "א\u200f.mp4", `attachment; filename="__.mp4"; filename*=UTF-8''%D7%90%E2%80%8F.mp4`},
		{"not UTF-8", "a\xff\x80b.mp4", `attachment; filename="a__b.mp4"`},
		{"delete", "a\x7f\u0085b.mp4", `attachment; filename="a__b.mp4"`},
	} {
		if got := upload.Disposition(api.Attachment, test.filename); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

// FuzzDisposition: whatever the name is, the header is ASCII, an attachment, and gives the name back, but for
// what is not safe in it.
func FuzzDisposition(f *testing.F) {
	for _, name := range []string{"", "a.mp4", `"\'%*;=`, "a\r\nb", "\u202eא\u200f", "\xff\xf0\x9f", "🎬", "%25", "a=b; c", " ", `UTF-8''x`} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		header := upload.Disposition(api.Attachment, name)
		for _, c := range []byte(header) {
			if c < ' ' || c > '~' {
				t.Fatalf("byte %#x in %q", c, header)
			}
		}
		kind, parameters, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" || len(parameters) > 1 {
			t.Fatalf("%s reads as %s %v (%v)", header, kind, parameters, err)
		}
		got := parameters["filename"]
		if unsafe := func(r rune) bool {
			return unicode.IsControl(r) || strings.ContainsRune("/\\\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", r)
		}; strings.ContainsFunc(got, unsafe) {
			t.Errorf("%q is not safe", got)
		} else if utf8.ValidString(name) && !strings.ContainsFunc(name, unsafe) && !strings.ContainsRune(name, utf8.RuneError) && got != name {
			t.Errorf("got %q back, want %q", got, name)
		}
	})
}
