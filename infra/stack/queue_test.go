package stack_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postern/infra/stage"
)

func TestQueues(t *testing.T) {
	want := map[string]map[string]any{
		"Inspections": {
			"SqsManagedSseEnabled":   true,
			"VisibilityTimeout":      180.0,    // 6 times the function's 30 s
			"MessageRetentionPeriod": 345600.0, // 4 days
			"RedrivePolicy": map[string]any{
				"deadLetterTargetArn": "${DeadLetters.Arn}",
				"maxReceiveCount":     5.0,
			},
		},
		"DeadLetters": {
			"SqsManagedSseEnabled":   true,
			"MessageRetentionPeriod": 1209600.0, // 14 days
		},
	}
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		got := map[string]map[string]any{}
		for name, queue := range template.of("AWS::SQS::Queue") {
			got[name] = written(queue.Properties).(map[string]any)
			delete(got[name], "Tags")
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("properties by queue (-got +want):\n%s", diff)
		}
		timeout := template.of("AWS::Lambda::Function")["Inspect"].Properties["Timeout"].(float64)
		if got := got["Inspections"]["VisibilityTimeout"]; got != 6*timeout {
			t.Errorf("visibility: got %v s, want 6 times the %v s that a batch may take", got, timeout)
		}
	})
}

func TestQueuePolicies(t *testing.T) {
	withoutTLS := func(queue string) statement {
		return statement{
			sid: "DenyWithoutTLS", effect: "Deny", actions: []string{"sqs:*"}, resources: []string{queue},
			principal: map[string]any{"AWS": "*"},
			condition: map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
		}
	}
	want := map[string][]statement{
		"${DeadLetters}": {withoutTLS("${DeadLetters.Arn}")},
		"${Inspections}": {withoutTLS("${Inspections.Arn}"), {
			sid: "Notifications", effect: "Allow", actions: []string{"sqs:SendMessage"}, resources: []string{"${Inspections.Arn}"},
			principal: map[string]any{"Service": "s3.amazonaws.com"},
			condition: map[string]any{
				"StringEquals": map[string]any{"aws:SourceAccount": "${AWS::AccountId}"},
				"ArnLike":      map[string]any{"aws:SourceArn": "arn:${AWS::Partition}:s3:::*"},
			},
		}, {
			sid: "Schedule", effect: "Allow", actions: []string{"sqs:SendMessage"}, resources: []string{"${Inspections.Arn}"},
			principal: map[string]any{"Service": "events.amazonaws.com"},
			condition: map[string]any{"ArnLike": map[string]any{"aws:SourceArn": "${Reconcile.Arn}"}},
		}},
	}
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		got := map[string][]statement{}
		for _, policy := range template.of("AWS::SQS::QueuePolicy") {
			for _, queue := range writeAll(policy.Properties["Queues"]) {
				got[queue] = append(got[queue], statements(policy.Properties["PolicyDocument"])...)
			}
		}
		if diff := cmp.Diff(got, want, cmp.AllowUnexported(statement{})); diff != "" {
			t.Errorf("statements by queue (-got +want):\n%s", diff)
		}
	})
}

func TestReconciliation(t *testing.T) {
	want := map[string]any{
		"Description":        "Has the bucket searched for uploads that no event recorded",
		"ScheduleExpression": "rate(1 day)",
		"Targets": []any{map[string]any{
			"Id": "Inspections", "Arn": "${Inspections.Arn}", "Input": `{"Records":[{"eventSource":"postern","eventName":"Reconcile"}]}`,
		}},
	}
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		got := written(template.only(t, "AWS::Events::Rule").Properties).(map[string]any)
		delete(got, "Tags")
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("rule (-got +want):\n%s", diff)
		}
	})
}

func TestNotifications(t *testing.T) {
	want := map[string]any{"QueueConfigurations": []any{
		map[string]any{"Event": "s3:ObjectCreated:*", "Queue": "${Inspections.Arn}"},
		map[string]any{"Event": "s3:LifecycleExpiration:*", "Queue": "${Inspections.Arn}"},
	}}
	deployed(t, func(t *testing.T, _ stage.Stage, template *template) {
		bucket := template.only(t, "AWS::S3::Bucket")
		if diff := cmp.Diff(written(bucket.Properties["NotificationConfiguration"]), any(want)); diff != "" {
			t.Errorf("notifications (-got +want):\n%s", diff)
		}
		// S3 sends a test event when the bucket is made, and refuses a queue that it may not send to.
		if !slices.ContainsFunc(bucket.DependsOn, func(id string) bool { return name(id) == "InspectionsPolicy" }) {
			t.Errorf("the bucket depends on %s, want the queue's policy", bucket.DependsOn)
		}
	})
}

func TestEventSource(t *testing.T) {
	deployed(t, func(t *testing.T, s stage.Stage, template *template) {
		want := map[string]any{
			"FunctionName":          "${Inspect}",
			"EventSourceArn":        "${Inspections.Arn}",
			"BatchSize":             10.0,
			"FunctionResponseTypes": []any{"ReportBatchItemFailures"},
			"ScalingConfig":         map[string]any{"MaximumConcurrency": float64(s.InspectConcurrency)},
		}
		mappings := template.of("AWS::Lambda::EventSourceMapping")
		got := written(mappings["InspectInspections"].Properties).(map[string]any)
		delete(got, "Tags")
		if diff := cmp.Diff(got, want); diff != "" || len(mappings) != 1 {
			t.Errorf("properties, of %d mappings (-got +want):\n%s", len(mappings), diff)
		}
	})
}
