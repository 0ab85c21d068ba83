package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"postern/internal/lifecycle"
	"postern/internal/queue"
	"postern/internal/upload"
)

// purge deletes all that the owner keeps, and returns what it found, with the proof that nothing is left.
func (r *removal) purge(ctx context.Context) (string, error) {
	notice := &notice{console: r.console}
	purge := &lifecycle.Purge{
		Records: r.stage.uploads(), Objects: r.stage.bucket(), Now: time.Now,
		Queue:    queue.New(r.stage.sqs(), r.stage.outputs["QueueUrl"], r.stage.outputs["BucketName"]),
		Progress: func(found lifecycle.Found) { notice.show(describe(found)) },
	}
	found, proof, err := purge.Run(ctx, r.owner)
	notice.end()
	if err != nil {
		if found != (lifecycle.Found{}) {
			r.console.note("deleted so far: " + describe(found) + "\n")
		}
		r.console.note("call it again: it goes on with what is left\n")
		return "", err
	}
	return fmt.Sprintf("purged owner %s of stage %s: %s\n", r.owner, r.at.Stage, describe(found)) + r.proof(proof), nil
}

func describe(found lifecycle.Found) string {
	return fmt.Sprintf("%d uploads, %d of them without a record; %d versions, %d open multipart uploads",
		found.Records+found.Unrecorded, found.Unrecorded, found.Versions, found.Multiparts)
}

// proof says what was looked at last, and found empty.
func (r *removal) proof(proof lifecycle.Proof) string {
	var prefixes []string
	for _, folder := range proof.Folders {
		prefixes = append(prefixes, folder+"/"+r.owner+"/")
	}
	where := "in no folder, the bucket is empty"
	if len(prefixes) > 0 {
		where = "under " + strings.Join(prefixes, ", ")
	}
	return fmt.Sprintf("looked again: bucket %s: 0 versions, 0 open multipart uploads, %s\nlooked again: table %s: 0 records, 0 bytes of usage; "+
		"%d tombstones of deleted uploads, without anything that the user wrote, expire within %d days\n",
		r.stage.outputs["BucketName"], where, r.stage.outputs["UploadsTableName"],
		proof.Tombstones, int(upload.TombstoneLifetime.Hours()/24))
}
