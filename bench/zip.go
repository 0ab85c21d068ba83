package main

import (
	"archive/zip"
	"compress/flate"
	"context"
	"io"
	"os"
)

// measureZip packs both functions as they are deployed.
func measureZip(ctx context.Context, bench *workbench) ([]comparison, error) {
	built, err := bench.build(ctx, "linux_arm64", "GOOS=linux", "GOARCH=arm64")
	if err != nil {
		return nil, err
	}
	presign, err := zippedSize(built.presign)
	if err != nil {
		return nil, err
	}
	empty, err := zippedSize(built.empty)
	if err != nil {
		return nil, err
	}
	return []comparison{{
		"zip for linux_arm64: size", size,
		side{"presign", series{presign}, 3e6},
		side{"empty lambda.Start, same flags", series{empty}, 0},
		0,
	}}, nil
}

// zippedSize is the size of a zip of one program, in bytes. The CDK CLI compresses as much as deflate can, too.
func zippedSize(program string) (float64, error) {
	var written counter
	archive := zip.NewWriter(&written)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	entry, err := archive.Create("bootstrap")
	if err != nil {
		return 0, err
	}
	content, err := os.ReadFile(program)
	if err != nil {
		return 0, err
	}
	if _, err := entry.Write(content); err != nil {
		return 0, err
	}
	err = archive.Close()
	return float64(written), err
}

// A counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
