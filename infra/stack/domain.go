package stack

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/jsii-runtime-go"

	"postern/infra/stage"
	"postern/internal/contract"
)

// newDomain has a stage's own domain lead to the API, if the stage has one, and returns the API's base URL. The base path is the
// one of API Gateway's own host, so that pages and paths are the same at both.
// Source: API Gateway Developer Guide, "Custom domain name for public REST APIs in API Gateway".
func newDomain(stack awscdk.Stack, s stage.Stage, rest awsapigateway.RestApi) (baseURL *string) {
	if s.Domain == nil {
		return rest.Url()
	}
	domain := awsapigateway.NewCfnDomainName(stack, jsii.String("Domain"), &awsapigateway.CfnDomainNameProps{
		DomainName:             jsii.String(s.Domain.Name),
		RegionalCertificateArn: jsii.String(s.Domain.Certificate),
		EndpointConfiguration:  &awsapigateway.CfnDomainName_EndpointConfigurationProperty{Types: jsii.Strings("REGIONAL")},
		// Those of the API itself.
		SecurityPolicy:     jsii.String(securityPolicy),
		EndpointAccessMode: jsii.String(endpointAccessMode),
	})
	awsapigateway.NewCfnBasePathMapping(stack, jsii.String("DomainMapping"), &awsapigateway.CfnBasePathMappingProps{
		DomainName: domain.Ref(),
		BasePath:   jsii.String(contract.BasePath),
		RestApiId:  rest.RestApiId(),
		Stage:      rest.DeploymentStage().StageName(),
	})
	if s.Domain.Zone == "" {
		awscdk.NewCfnOutput(stack, jsii.String("DomainTarget"), &awscdk.CfnOutputProps{
			Description: jsii.Sprintf("Make a CNAME record: %s leads to this", s.Domain.Name),
			Value:       domain.AttrRegionalDomainName(),
		})
	} else {
		awsroute53.NewCfnRecordSet(stack, jsii.String("DomainRecord"), &awsroute53.CfnRecordSetProps{
			HostedZoneId: jsii.String(s.Domain.Zone),
			Name:         jsii.String(s.Domain.Name),
			Type:         jsii.String("A"),
			AliasTarget: &awsroute53.CfnRecordSet_AliasTargetProperty{
				DnsName:      domain.AttrRegionalDomainName(),
				HostedZoneId: domain.AttrRegionalHostedZoneId(),
			},
		})
	}
	return jsii.Sprintf("https://%s/%s/", s.Domain.Name, contract.BasePath)
}
