package main

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"postern/internal/awsclient"
	"postern/internal/contract"
	"postern/internal/function"
	"postern/internal/notification"
	"postern/internal/objects"
	"postern/internal/queue"
)

// TestReconcilerTakesEveryPage follows the messages of the daily search: each asks for the next page, of the same folder or
// of the next one, until there is none.
func TestReconcilerTakesEveryPage(t *testing.T) {
	var listed, asked []string
	services := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "" { // S3: videos has two pages, the other folders have nothing
			query := r.URL.Query()
			listed = append(listed, query.Get("prefix")+" after "+query.Get("start-after"))
			w.Header().Set("Content-Type", "application/xml")
			body := ""
			if query.Get("prefix") == "videos/" {
				body = fmt.Sprintf("<IsTruncated>%t</IsTruncated><Contents><Key>videos/x</Key></Contents>", query.Get("start-after") != "videos/x")
			}
			_, _ = io.WriteString(w, "<ListBucketResult>"+body+"</ListBucketResult>")
			return
		}
		var message struct{ MessageBody string }
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			t.Error(err)
		}
		records, err := notification.Decode(message.MessageBody)
		if err != nil || len(records) != 1 || records[0].Name != notification.Reconcile {
			t.Errorf("the queue gets %s: %v", message.MessageBody, err)
			return
		}
		asked = append(asked, string(records[0].S3.Object.Key))
		sum := md5.Sum([]byte(message.MessageBody))
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = fmt.Fprintf(w, `{"MessageId":"m","MD5OfMessageBody":%q}`, hex.EncodeToString(sum[:]))
	}))
	defer services.Close()
	s := setup(io.Discard, services.URL)
	s.Runtime.Endpoints[function.SQS] = services.URL
	r := &reconciler{
		objects: objects.NewClient(awsclient.Config(s.Runtime, function.S3)), bucket: "bucket",
		queue:   queue.New(sqs.NewFromConfig(awsclient.Config(s.Runtime, function.SQS)), services.URL+"/queue", "bucket"),
		folders: contract.Folders{"documents": {}, "videos": {}, "images": {}}, now: time.Now, log: s.Log,
	}
	after := ""
	for n := range 10 {
		if err := r.page(t.Context(), after); err != nil {
			t.Fatal(err)
		}
		if len(asked) == n {
			break // nothing more is asked for
		}
		after = asked[n]
	}
	if diff := cmp.Diff(asked, []string{"images/", "videos/", "videos/x"}); diff != "" {
		t.Errorf("asked for (-got +want)\n%s", diff)
	}
	want := []string{"documents/ after ", "images/ after images/", "videos/ after videos/", "videos/ after videos/x"}
	if diff := cmp.Diff(listed, want); diff != "" {
		t.Errorf("listed (-got +want)\n%s", diff)
	}
}
