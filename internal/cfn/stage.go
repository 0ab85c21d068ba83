package cfn

type stageProperties struct {
	AccessLogSetting struct {
		DestinationArn inert
		Format         string
	}
	DeploymentId   string
	MethodSettings []struct {
		HttpMethod, ResourcePath                       inert
		ThrottlingBurstLimit, ThrottlingRateLimit      unenforced
		DataTraceEnabled, LoggingLevel, MetricsEnabled inert
	}
	RestApiId string
	StageName string

	Description    inert
	Tags           inert
	TracingEnabled unenforced
}

func (r *reader) stage(id string) {
	r.parts.stages = append(r.parts.stages, id)
	var p stageProperties
	if !r.properties(id, &p) {
		return
	}
	if p.StageName == "" || p.StageName != r.references[id].ref {
		r.fail(id, "StageName", "want a literal name")
	}
	r.stack.API.Stage = p.StageName
	r.stack.API.AccessLog = p.AccessLogSetting.Format
}

type deploymentProperties struct {
	RestApiId   string
	Description inert
}

func (r *reader) deployment(id string) {
	r.properties(id, &deploymentProperties{})
}
