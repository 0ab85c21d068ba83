package notification_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"postern/internal/notification"
)

var at = time.Date(2026, 3, 4, 7, 6, 7, 8_000_000, time.FixedZone("", 2*3600))

func created(key string) notification.Record {
	size := int64(0)
	return notification.Record{
		Version: "2.1", Source: notification.SourceS3, Region: "eu-west-1", Time: notification.FormatTime(at), Name: "ObjectCreated:Put",
		S3: notification.Entity{
			SchemaVersion: "1.0",
			Bucket:        notification.Bucket{Name: "bucket", ARN: "arn:aws:s3:::bucket"},
			Object:        notification.Object{Key: notification.Key(key), Size: &size, ETag: "etag", VersionID: "version", Sequencer: "0055AED6DCD90281E5"},
		},
	}
}

// TestEncode compares with the names of "Event message structure", in the User Guide's order.
func TestEncode(t *testing.T) {
	want := `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-west-1","eventTime":"2026-03-04T05:06:07.008Z",` +
		`"eventName":"ObjectCreated:Put","s3":{"s3SchemaVersion":"1.0","bucket":{"name":"bucket","arn":"arn:aws:s3:::bucket"},` +
		`"object":{"key":"videos/a+b.mp4","size":0,"eTag":"etag","versionId":"version","sequencer":"0055AED6DCD90281E5"}}}]}`
	if diff := cmp.Diff(notification.Encode(created("videos/a b.mp4")), want); diff != "" {
		t.Errorf("Encode (-got +want):\n%s", diff)
	}
	want = `{"Records":[{"eventSource":"postern","eventName":"Inspect","s3":{"bucket":{"name":"bucket"},"object":{"key":"videos/a%2Bb.mp4"}}}]}`
	if diff := cmp.Diff(notification.EncodeInspect("bucket", "videos/a+b.mp4"), want); diff != "" {
		t.Errorf("EncodeInspect (-got +want):\n%s", diff)
	}
	want = `{"Bucket":"bucket","Event":"s3:TestEvent","Service":"Amazon S3","Time":"2026-03-04T05:06:07.008Z"}`
	if diff := cmp.Diff(notification.EncodeTest("bucket", at), want); diff != "" {
		t.Errorf("EncodeTest (-got +want):\n%s", diff)
	}
}

// TestKeys has keys whose encoding differs, read by ours and by AWS's own type.
func TestKeys(t *testing.T) {
	for key, encoded := range map[string]string{
		"videos/a b+c.mp4":     "videos/a+b%2Bc.mp4",
		"videos/a%2Fb.mp4":     "videos/a%252Fb.mp4",
		"videos/ä/日本.mp4":      "videos/%C3%A4/%E6%97%A5%E6%9C%AC.mp4",
		"videos/~-_.!*'().mp4": "videos/~-_.%21%2A%27%28%29.mp4",
		"videos/a&b=c?d#e<\">": "videos/a%26b%3Dc%3Fd%23e%3C%22%3E",
		"":                     "",
	} {
		body := notification.Encode(created(key))
		if want := `"key":"` + encoded + `"`; !strings.Contains(body, want) {
			t.Errorf("%q: got %s, want %s", key, body, want)
		}
		got, err := notification.Decode(body)
		if diff := cmp.Diff(got, []notification.Record{created(key)}); err != nil || diff != "" {
			t.Errorf("%q: Decode: %v\n(-got +want):\n%s", key, err, diff)
		}
		var event events.S3Event
		if err := json.Unmarshal([]byte(body), &event); err != nil || event.Records[0].S3.Object.URLDecodedKey != key {
			t.Errorf("%q: aws-lambda-go reads %+v, %v", key, event, err)
		}
	}
}

func TestDecode(t *testing.T) {
	for body, ok := range map[string]bool{
		notification.EncodeTest("bucket", at):                  true,
		`{"Event":"s3:TestEvent"}`:                             true,
		`{"Records":[{}]}`:                                     true,
		`{"Event":"s3:planted"}`:                               false,
		`{"Records":[]}`:                                       false,
		`{"Records":"planted"}`:                                false,
		`{"Records":[7]}`:                                      false,
		`{"Records":[{"s3":{"object":{"key":"planted%zz"}}}]}`: false,
		`{"Records":[{"s3":{"object":{"key":7}}}]}`:            false,
		`[]`: false, `planted`: false, ``: false,
	} {
		_, err := notification.Decode(body)
		if (err == nil) != ok {
			t.Errorf("%s: got %v, want an error: %t", body, err, !ok)
		}
		if err != nil && strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: the error holds a part of it: %v", body, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(notification.EncodeInspect("bucket", "videos/a b"))
	f.Add(`{"Records":[{"s3":{"object":{"key":"%"}}}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		records, err := notification.Decode(body)
		if err != nil {
			return
		}
		second, err := notification.Decode(notification.Encode(records...))
		if len(records) > 0 && (err != nil || !cmp.Equal(second, records)) {
			t.Errorf("%q: decoded %+v, then %+v, %v", body, records, second, err)
		}
	})
}
