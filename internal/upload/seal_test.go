package upload_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"postern/api"
	"postern/internal/upload"
)

const objectKey = "videos/" + owner + "/" + id

// sealed returns the metadata of an object that a test declares, under a fixed nonce.
func sealed(t testing.TB, key upload.DerivedKey, declared upload.Declared) map[string]string {
	t.Helper()
	metadata, err := key.Seal(objectKey, declared, strings.NewReader("twelve bytes"))
	if err != nil {
		t.Fatal(err)
	}
	return metadata
}

func TestSeal(t *testing.T) {
	key := keyOf(t, secret, owner)
	for _, declared := range []upload.Declared{
		{},
		{Quota: 7},
		{Quota: 7, Files: 3},
		{Quota: 9223372036854775807, Files: api.MaxFiles, Size: api.MaxObject, Filename: "?>é.mp4", Title: `🏖 <&"'\/`, Context: `order "7"`},
		{Quota: 7, Context: "é"},
	} {
		metadata := sealed(t, key, declared)
		if got, ok := key.Open(objectKey, metadata); !ok || got != declared || len(metadata) != 1 {
			t.Errorf("%v is opened as %+v, %t, want %+v", metadata, got, ok, declared)
		}
		if declared.Filename != "" && strings.Contains(decoded(t, metadata["postern"]), "mp4") {
			t.Errorf("the name is in clear: %q", metadata)
		}
	}
}

func decoded(t *testing.T, text string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Not one bit of a sealed field can be changed, nor can it be used for another object, owner or stage.
func TestOpenRefuses(t *testing.T) {
	for _, title := range []string{"t", "ti", "tit"} { // the last character of base64 has 6, 2 and 4 bits
		checkOpenRefuses(t, title)
	}
}

func checkOpenRefuses(t *testing.T, title string) {
	t.Helper()
	key := keyOf(t, secret, owner)
	metadata := sealed(t, key, upload.Declared{Quota: 7, Size: 5, Filename: "a.mp4", Title: title})
	text := metadata["postern"]
	raw := decoded(t, text)
	for bit := range 8 * len(raw) {
		flipped := []byte(raw)
		flipped[bit/8] ^= 1 << (bit % 8)
		checkSealed(t, key, fmt.Sprintf("bit %d", bit), base64.RawURLEncoding.EncodeToString(flipped))
	}
	for at := range len(text) {
		for bit := range 8 {
			changed := []byte(text)
			changed[at] ^= 1 << bit
			checkSealed(t, key, fmt.Sprintf("bit %d of character %d", bit, at), string(changed))
		}
	}
	for name, text := range map[string]string{
		"none": "", "short": text[:15], "cut": text[:len(text)-1], "longer": text + "A", "padded": text + "=", "nonce alone": text[:16],
		"twice": text + text, "standard base64": strings.Repeat("+", len(text)), "in clear": "eyJxdW90YSI6N30",
	} {
		checkSealed(t, key, name, text)
	}
	if declared, ok := key.Open("videos/"+owner+"/1"+id[1:], metadata); ok {
		t.Errorf("it opens for another object: %+v", declared)
	}
	for _, other := range []upload.DerivedKey{{}, keyOf(t, secret, "1"+owner[1:]), keyOf(t, secret[1:]+"0", owner)} {
		if declared, ok := other.Open(objectKey, metadata); ok {
			t.Errorf("it opens with another key: %+v", declared)
		}
	}
	for _, metadata := range []map[string]string{nil, {"quota": "7"}, {"quota": "7", "size": "5", "filename": "YS5tcDQ"}} {
		if declared, ok := key.Open(objectKey, metadata); ok {
			t.Errorf("%v opens as %+v", metadata, declared)
		}
	}
}

// checkSealed checks that a text is nothing that a key opens.
func checkSealed(t *testing.T, key upload.DerivedKey, name, text string) {
	t.Helper()
	if declared, ok := key.Open(objectKey, map[string]string{"postern": text}); ok {
		t.Errorf("%s: %q opens as %+v", name, text, declared)
	}
}

// What may be sealed fits into the 2 KB that S3 gives names and values of user metadata, even with their prefix.
func TestSealsFit(t *testing.T) {
	key := keyOf(t, secret, owner)
	name := strings.Repeat("🎬", 251) + ".mp4" // 255 characters, 1008 bytes
	long := strings.Repeat("🎬", 99)
	const refused = ": must be at most 1400, which S3's metadata holds"
	context, quotes := strings.Repeat("🎬", 64), strings.Repeat(`"`, 256) // 256 and 512 bytes in JSON
	for _, test := range []struct{ name, title, context, want string }{
		{name, "", "", ""},
		{"a.mp4", strings.Repeat("🎬", 300), "", ""},
		{strings.Repeat("n", 251) + ".mp4", strings.Repeat("🎬", 286) + "x", "", ""}, // 255 + 1145 bytes
		{name, strings.Repeat("🎬", 98), "", ""},                                     // 1008 + 392 bytes
		{name, strings.Repeat("🎬", 30) + "xxx", context, ""},                        // 1008 + 123 + 256 + 13 bytes
		{name, strings.Repeat("🎬", 31), context, "have 1132 bytes together in JSON: must be at most 1131, which S3's metadata holds beside the context"},
		{strings.Repeat("n", 255), strings.Repeat("🎬", 155), quotes, ""}, // 255 + 620 + 512 + 13 bytes
		{strings.Repeat("n", 255), strings.Repeat("🎬", 156), quotes, "must be at most 875, which"},
		{"", "", quotes, ""},
		{name, long, "", `filename "` + name[:64] + `"… and title "` + name[:64] + `"… have 1404 bytes together in JSON` + refused},
		{name, strings.Repeat("<", 300), "", ""},
		{strings.Repeat(`"`, 255), strings.Repeat(`\`, 300), "", ""},
		{strings.Repeat("\u2028", 255), "", "", "together in JSON" + refused},
	} {
		metadata, err := key.Seal(objectKey, upload.Declared{Quota: 9223372036854775807, Files: api.MaxFiles, Size: api.MaxObject, Filename: test.name, Title: test.title, Context: test.context}, strings.NewReader("twelve bytes"))
		if test.want != "" {
			var refusal *upload.Error
			if !errors.As(err, &refusal) || refusal.Code != api.InvalidRequest || !strings.Contains(refusal.Message, test.want) {
				t.Errorf("%d and %d bytes: got %v\nwant %s", len(test.name), len(test.title), err, test.want)
			}
			continue
		}
		size := 0
		for name, value := range metadata {
			size += len("x-amz-meta-") + len(name) + len(value)
		}
		if err != nil || size == 0 || size > 2048 {
			t.Errorf("%d and %d bytes: the metadata has %d bytes, %v, want at most 2048", len(test.name), len(test.title), size, err)
		}
	}
}

func TestSealFails(t *testing.T) {
	broken := errors.New("no randomness")
	if _, err := keyOf(t, secret, owner).Seal(objectKey, upload.Declared{}, iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

func FuzzOpen(f *testing.F) {
	key := keyOf(f, secret, owner)
	f.Add(objectKey, sealed(f, key, upload.Declared{Quota: 7, Filename: "a.mp4"})["postern"])
	f.Add(objectKey, "")
	f.Add("", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, objectKey, text string) {
		declared, ok := key.Open(objectKey, map[string]string{"postern": text})
		if !ok && declared != (upload.Declared{}) {
			t.Errorf("what does not open says %+v", declared)
		}
	})
}
