package records_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"postern/internal/upload"
)

// BenchmarkPage reads the newest page of an owner with 100,000 records and, in turn, of one with 10. The ratio says what
// the many records cost.
func BenchmarkPage(b *testing.B) {
	const page = 10
	few, many := newBench(b), newBench(b)
	few.fill(b, page)
	many.fill(b, 100_000)
	read := func(table *bench) time.Duration {
		begin := time.Now()
		got, _, err := table.Page(b.Context(), owner, upload.Page{Limit: page})
		if err != nil || len(got) != page {
			b.Fatalf("got %d records, %v, want %d", len(got), err, page)
		}
		return time.Since(begin)
	}
	read(few)
	read(many)
	var ofFew, ofMany time.Duration
	for b.Loop() {
		ofFew += read(few)
		ofMany += read(many)
	}
	b.ReportMetric(float64(ofFew.Nanoseconds())/float64(b.N), "few-ns/op")
	b.ReportMetric(float64(ofMany.Nanoseconds())/float64(b.N), "many-ns/op")
	b.ReportMetric(float64(ofMany)/float64(ofFew), "many/few")
}

// fill writes a number of records of one owner. The test's DynamoDB sorts all keys for each: 100,000 take a minute.
func (b *bench) fill(t testing.TB, count int) {
	t.Helper()
	if err := b.Accept(t.Context(), full(idOf(0)), roomy); err != nil {
		t.Fatal(err)
	}
	item := b.raw(t, idOf(0))
	const most = 25 // of a BatchWriteItem
	for n := 1; n < count; n += most {
		var requests []types.WriteRequest
		for i := n; i < min(n+most, count); i++ {
			item := maps.Clone(item)
			item["id"] = text(fmt.Sprintf("%032x.mp4", i))
			requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: item}})
		}
		if _, err := b.client.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{uploadsTable: requests},
		}); err != nil {
			t.Fatal(err)
		}
	}
}
