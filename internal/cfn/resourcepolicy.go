package cfn

import "slices"

// A resourcePolicy is the policy of a bucket or queue.
type resourcePolicy struct {
	PolicyDocument struct {
		Version   string
		Statement []struct {
			Principal struct{ AWS, Service texts }

			statementProperties
		}
	}
}

type bucketPolicyProperties struct {
	Bucket string

	resourcePolicy
}

// bucketPolicy takes what a bucket's policy denies to everyone. No service of AWS comes to a bucket of this machine, so what is
// allowed to one has no effect. The local run cannot tell whom else it would allow something.
func (r *reader) bucketPolicy(id string, p bucketPolicyProperties) {
	r.refer(id, "Bucket", "AWS::S3::Bucket", p.Bucket)
	for i, s := range p.PolicyDocument.Statement {
		path := index("PolicyDocument.Statement", i)
		switch {
		case s.Effect != "Allow":
		case s.Principal.AWS != nil || len(s.Principal.Service) != 1:
			r.fail(id, path, "a bucket's policy must only deny, or allow something to one service")
		default:
			r.stack.Unenforced = append(r.stack.Unenforced, r.describe(id)+": "+path+" "+s.Sid)
		}
	}
	denials := slices.DeleteFunc(r.resourceStatements(id, p.resourcePolicy), func(s Statement) bool { return s.Effect == "Allow" })
	put(&r.ofBuckets, p.Bucket, append(r.ofBuckets[p.Bucket], denials...))
}

type queuePolicyProperties struct {
	Queues []string

	resourcePolicy
}

// queuePolicy takes what queues' policies allow to services, and what they deny to everyone.
func (r *reader) queuePolicy(id string, p queuePolicyProperties) {
	statements := r.resourceStatements(id, p.resourcePolicy)
	for i, url := range p.Queues {
		r.refer(id, index("Queues", i), "AWS::SQS::Queue", url)
		put(&r.ofQueues, url, append(r.ofQueues[url], statements...))
	}
}

// resourceStatements takes the statements of a resource's policy. Each allows something to one service, or denies
// something to everyone.
func (r *reader) resourceStatements(id string, p resourcePolicy) []Statement {
	document := policyDocument{Version: p.PolicyDocument.Version}
	var services []string
	for i, s := range p.PolicyDocument.Statement {
		path, service := index("PolicyDocument.Statement", i), ""
		switch {
		case s.Effect == "Allow" && s.Principal.AWS == nil && len(s.Principal.Service) == 1:
			service = s.Principal.Service[0]
		case s.Effect != "Deny" || !slices.Equal(s.Principal.AWS, texts{"*"}) || s.Principal.Service != nil:
			r.fail(id, path, "a statement must allow something to one service, or deny something to the principal *")
		}
		if s.hasKey(tlsKeys) {
			r.stack.Unenforced = append(r.stack.Unenforced, r.describe(id)+": "+path+" "+s.Sid)
		}
		services = append(services, service)
		document.Statement = append(document.Statement, s.statementProperties)
	}
	statements := r.statements(id, "PolicyDocument", document)
	for i := range statements {
		statements[i].Service = services[i]
	}
	return statements
}
