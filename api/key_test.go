package api_test

import (
	"strings"
	"testing"

	"postern/api"
)

const (
	owner = "0123456789abcdef0123"
	uuid  = "0190f3b2c4d57e8f90a1b2c3d4e5f607"
)

func TestIsOwner(t *testing.T) {
	for s, want := range map[string]bool{
		owner: true, "": false, owner[1:]: false, owner + "0": false, strings.ToUpper(owner): false,
		"0123456789abcdef012g": false, "0123456789abcdef012/": false, "0123456789abcdef01é": false,
	} {
		if got := api.IsOwner(s); got != want {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
	}
}

func TestIsID(t *testing.T) {
	for s, want := range map[string]bool{
		uuid + ".mp4": true, uuid + ".m": true, uuid + ".12345678": true,
		"": false, uuid: false, uuid + ".": false, uuid + "mp4": false, uuid + ".123456789": false, uuid + ".MP4": false,
		uuid + "..mp4": false, uuid + ".mp4 ": false, uuid + ".mp4\n": false, uuid + ".m/4": false, uuid[1:] + ".mp4": false,
		"0" + uuid + ".mp4": false, strings.ToUpper(uuid) + ".mp4": false,
	} {
		if got := api.IsID(s); got != want {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
	}
}

func TestParseKey(t *testing.T) {
	const owner, id = "0123456789abcdef0123", "0123456789abcdef0123456789abcdef.mp4"
	if gotOwner, gotID, ok := api.ParseKey("videos/" + owner + "/" + id); !ok || gotOwner != owner || gotID != id {
		t.Errorf("got %q, %q, %t", gotOwner, gotID, ok)
	}
	for _, key := range []string{
		"", "/", "//", "videos", owner + "/" + id, "/" + owner + "/" + id, "videos/" + owner, "videos//" + id,
		"videos/" + owner + "/" + id + "/", "videos/" + owner + "/x/" + id, "Videos/" + owner + "/" + id,
		"videos/" + strings.ToUpper(owner) + "/" + id, "videos/" + owner + "/" + id + "\n", "videos/" + owner + "%2F" + id,
		"../" + owner + "/" + id, strings.Repeat("v", 33) + "/" + owner + "/" + id,
	} {
		if gotOwner, gotID, ok := api.ParseKey(key); ok {
			t.Errorf("%q: got %q, %q", key, gotOwner, gotID)
		}
	}
}
