package upload_test

import (
	"testing"

	"postern/api"
	"postern/internal/upload"
)

func TestParts(t *testing.T) {
	const mib, gib = int64(1 << 20), int64(1 << 30)
	for _, test := range []struct{ object, size, count int64 }{
		{1, 16 * mib, 1},
		{16 * mib, 16 * mib, 1},
		{16*mib + 1, 16 * mib, 2},
		{5*gib + 1, 16 * mib, 321},
		{10_000 * 16 * mib, 16 * mib, 10_000},
		{10_000*16*mib + 1, 17 * mib, 9412},
		{1 << 40, 105 * mib, 9987},
		{api.MaxObject, 5 * gib, 10_000},
	} {
		if size, count := upload.Parts(test.object); size != test.size || count != test.count {
			t.Errorf("Parts(%d) = %d, %d, want %d, %d", test.object, size, count, test.size, test.count)
		}
	}
}

// Every division is one that S3 takes: 53,687,091,200,000 bytes at most, in at most 10,000 parts of 5 MiB to 5 GiB.
func TestPartsAreThoseOfS3(t *testing.T) {
	if api.MaxObject != 53_687_091_200_000 {
		t.Errorf("the largest object has %d bytes", api.MaxObject)
	}
	for object := int64(1); object <= api.MaxObject; object += object/7 + 1 {
		size, count := upload.Parts(object)
		if size < 5<<20 || size > 5<<30 || size%(1<<20) != 0 || count < 1 || count > 10_000 {
			t.Fatalf("Parts(%d) = %d, %d", object, size, count)
		}
		if last := object - (count-1)*size; last < 1 || last > size {
			t.Fatalf("Parts(%d) = %d, %d: the last part has %d bytes", object, size, count, last)
		}
	}
}
