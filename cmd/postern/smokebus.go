package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

const (
	// probeSource is the source of the event by which a busWatch finds out that its rule works.
	probeSource = "postern.smoke"
	// probeEvery is how long to wait for a probe before the next one, in seconds.
	probeEvery = 2
	// busTarget is the id of the rule's target.
	busTarget = "smoke"
	// keptSeconds is how long the queue keeps a message, if the queue should outlive the test.
	keptSeconds = "3600"
)

// A busWatch receives an owner's events on AWS, through a rule of EventBridge and a queue of its own, of the same name.
type busWatch struct {
	events      *eventbridge.Client
	sqs         *sqs.Client
	name, owner string

	rule, target bool   // whether begin has made them
	url          string // of the queue, once begin has made it
}

func newBusWatch(config aws.Config, owner string) *busWatch {
	return &busWatch{
		events: eventbridge.NewFromConfig(config), sqs: sqs.NewFromConfig(config),
		name: "postern-smoke-" + strings.ToLower(rand.Text()[:12]), owner: owner,
	}
}

// begin makes rule and queue. A rule needs a while until it works, so begin returns when an event of its own has come.
// Source: Amazon EventBridge API Reference, PutRule.
func (w *busWatch) begin(ctx context.Context) error {
	pattern, err := json.Marshal(map[string]any{
		"source": []string{eventSource, probeSource},
		"detail": map[string]any{"upload": map[string]any{"owner": []string{w.owner}}},
	})
	if err != nil {
		return err
	}
	made, err := w.events.PutRule(ctx, &eventbridge.PutRuleInput{
		Name: &w.name, EventPattern: aws.String(string(pattern)), Description: aws.String("Temporary, of postern smoke: may be deleted"),
	})
	if err != nil {
		return fmt.Errorf("making a rule: %w", err)
	}
	w.rule = true
	queue, err := w.makeQueue(ctx, aws.ToString(made.RuleArn))
	if err != nil {
		return fmt.Errorf("making a queue: %w", err)
	}
	w.target = true
	put, err := w.events.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &w.name, Targets: []types.Target{{Id: aws.String(busTarget), Arn: &queue}}})
	if err == nil && put.FailedEntryCount > 0 {
		err = errors.New(aws.ToString(put.FailedEntries[0].ErrorCode))
	}
	if err != nil {
		return fmt.Errorf("sending events to the queue: %w", err)
	}
	return w.probe(ctx)
}

// makeQueue makes a queue to which the rule may send, and returns its ARN.
func (w *busWatch) makeQueue(ctx context.Context, rule string) (string, error) {
	name, err := arn.Parse(rule)
	if err != nil {
		return "", err
	}
	name.Service, name.Resource = "sqs", w.name
	policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": name.String(),
		"Principal": map[string]any{"Service": "events.amazonaws.com"},
		"Condition": map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": rule}},
	}}})
	if err != nil {
		return "", err
	}
	made, err := w.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &w.name, Attributes: map[string]string{
		"Policy": string(policy), "MessageRetentionPeriod": keptSeconds,
	}})
	if err != nil {
		return "", err
	}
	w.url = aws.ToString(made.QueueUrl)
	return name.String(), nil
}

// probe sends events of its own until one comes.
func (w *busWatch) probe(ctx context.Context) error {
	detail := fmt.Sprintf(`{"upload":{"owner":%q}}`, w.owner)
	for {
		sent, err := w.events.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
			Source: aws.String(probeSource), DetailType: aws.String("Probe"), Detail: &detail,
		}}})
		if err == nil && sent.FailedEntryCount > 0 {
			err = errors.New(aws.ToString(sent.Entries[0].ErrorCode))
		}
		if err != nil {
			return fmt.Errorf("sending an event: %w", err)
		}
		came, err := w.next(ctx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(came, func(e smokeEvent) bool { return e.Source == probeSource }) {
			return nil
		}
	}
}

func (w *busWatch) next(ctx context.Context) ([]smokeEvent, error) {
	received, err := w.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &w.url, MaxNumberOfMessages: 10, WaitTimeSeconds: probeEvery})
	// A queue may be unknown for a second after it was made.
	// Source: Amazon SQS API Reference, CreateQueue.
	if refusal, ok := errors.AsType[smithy.APIError](err); ok && strings.HasSuffix(refusal.ErrorCode(), "QueueDoesNotExist") && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("receiving events: %w", err)
	}
	var all []smokeEvent
	for _, message := range received.Messages {
		var event smokeEvent
		if err := json.Unmarshal([]byte(aws.ToString(message.Body)), &event); err != nil {
			return nil, fmt.Errorf("reading an event: %w", err)
		}
		all = append(all, event)
	}
	return all, nil
}

// end also deletes a rule of whose making no answer came.
func (w *busWatch) end(ctx context.Context) error {
	var errs []error
	if _, err := w.events.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &w.name, Ids: []string{busTarget}}); w.target {
		errs = append(errs, err)
	}
	if _, err := w.events.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &w.name}); w.rule {
		errs = append(errs, err)
	}
	if w.url != "" {
		_, err := w.sqs.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &w.url})
		errs = append(errs, err)
	}
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("rule and queue %s: %w: delete what is left of them", w.name, explain(err))
		}
	}
	return nil
}
