package main

import (
	"testing"

	"postern/internal/contract"
	"postern/internal/identity"
)

// Tokens as providers document them, with an entry of docs/sign-in.md. Issuer and times are the test's own.
func TestTokensOfProviders(t *testing.T) {
	const cognitoClient, pool = "1example23456789", "aaaaaaaa-bbbb-cccc-dddd-example"
	for _, test := range []struct {
		name           string
		entry          contract.Issuer
		claims         payload
		mail, subject  string // who it names
		role           string
		otherwise      payload // a change that makes it another kind of token, which is refused
		otherwiseIsFor string
	}{
		{
			// Amazon Cognito Developer Guide, "Understanding the identity (ID) token".
			"Cognito, ID token",
			contract.Issuer{Audience: cognitoClient, Mail: "email", Roles: contract.RoleClaim{Claim: "cognito:groups", Service: "uploads-service"}},
			payload{
				"sub": pool, "cognito:groups": []string{"test-group-a", "uploads-service"}, "email_verified": true, "cognito:username": "my-user",
				"aud": cognitoClient, "event_id": "64f513be", "token_use": "id", "auth_time": 1676312777, "email": "my-test-user@example.com",
			},
			"my-test-user@example.com", "", "service",
			payload{"aud": "another-client"},
			"another client",
		},
		{
			// Amazon Cognito Developer Guide, "Understanding the access token".
			"Cognito, access token",
			contract.Issuer{Audience: cognitoClient, Roles: contract.RoleClaim{Claim: "cognito:groups", Service: "uploads-service"}},
			payload{
				"sub": pool, "cognito:groups": []string{"testgroup"}, "version": 2, "client_id": cognitoClient, "token_use": "access",
				"scope": "openid profile", "username": "my-test-user",
			},
			"", pool, "user",
			payload{"client_id": "another-client"},
			"another client",
		},
		{
			// Auth0 Docs, "ID Token Structure"; a role comes by an Action, below a name of one's own.
			"Auth0, ID token",
			contract.Issuer{Audience: "xyz-client", Mail: "email", Roles: contract.RoleClaim{Claim: "https://app.example.com/roles", Service: "uploads-service"}},
			payload{
				"name": "Jane Doe", "email": "janedoe@example.com", "email_verified": true, "sub": "auth0|1234567890", "aud": "xyz-client", "sid": "s",
				"https://app.example.com/roles": []string{"uploads-service"},
			},
			"janedoe@example.com", "", "service",
			payload{"email_verified": false},
			"an unverified mail",
		},
		{
			// Auth0 Docs, "Access Token Profiles": several audiences, and azp.
			"Auth0, access token",
			contract.Issuer{Audience: "https://uploads.example.com/"},
			payload{
				"sub": "auth0|1234567890", "aud": []string{"https://uploads.example.com/", "https://example.auth0.com/userinfo"},
				"azp": "xyz-client", "scope": "openid profile email",
			},
			"", "auth0|1234567890", "user",
			payload{"aud": []string{"https://example.auth0.com/userinfo"}},
			"another API",
		},
		{
			// Microsoft identity platform, "ID token claims reference": oid, since email can be changed and is not verified.
			"Entra, ID token",
			contract.Issuer{Audience: "6731de76-14a6-49ae-97bc-6eba6914391e", Subject: "oid", Roles: contract.RoleClaim{Claim: "roles", Service: "Uploads.Service"}},
			payload{
				"ver": "2.0", "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "aud": "6731de76-14a6-49ae-97bc-6eba6914391e",
				"name": "Abe Lincoln", "preferred_username": "abeli@example.com", "oid": "00000000-0000-0000-66f3-3332eca7ea81",
				"tid": "9122040d-6c67-4c5b-b112-36a304b66dad", "nonce": "123523", "aio": "Df2U", "roles": []string{"Uploads.Service"},
				"_claim_names": payload{"groups": "src1"}, "_claim_sources": payload{"src1": payload{"endpoint": "https://graph.example.com/x"}},
			},
			"", "00000000-0000-0000-66f3-3332eca7ea81", "service",
			payload{"oid": nil},
			"no oid",
		},
		{
			// Google for Developers, "OpenID Connect", "An ID token's payload".
			"Google, ID token",
			contract.Issuer{Audience: "1234987819200.apps.googleusercontent.com", Mail: "email"},
			payload{
				"azp": "1234987819200.apps.googleusercontent.com", "aud": "1234987819200.apps.googleusercontent.com", "sub": "10769150350006150715113082367",
				"at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q", "hd": "example.com", "email": "jsmith@example.com", "email_verified": "true", "nonce": "0394852",
			},
			"jsmith@example.com", "", "user",
			payload{"email_verified": "false"},
			"an unverified mail",
		},
		{
			// Keycloak, "Server Administration Guide", "Audience support": the audience needs a mapper.
			"Keycloak, access token",
			contract.Issuer{Audience: "uploads", Mail: "email", Roles: contract.RoleClaim{Claim: "realm_access.roles", Service: "uploads-service"}},
			payload{
				"aud": []string{"uploads", "account"}, "sub": "2ef3bd53-8d7a-4a0d-a7c1-ec1c9d2d5b6c", "typ": "Bearer", "azp": "web", "acr": "1",
				"realm_access": payload{"roles": []string{"offline_access", "uploads-service"}}, "scope": "openid email profile",
				"email_verified": true, "preferred_username": "jane", "email": "Jane@Example.com",
			},
			"jane@example.com", "", "service",
			payload{"aud": "account"},
			"another audience",
		},
	} {
		issuer := newIssuer(t)
		test.entry.Issuer = issuer.URL
		b := newBearerBench(t, issuer, test.entry)
		claims := test.claims.with(payload{"iss": issuer.URL, "iat": b.clock.at.Unix(), "exp": b.clock.at.Unix() + 3600})
		owner := identity.Owner(ownerKey, identity.Mail(test.mail))
		if test.subject != "" {
			owner = identity.SubjectOwner(ownerKey, issuer.URL, identity.Subject(test.subject))
		}
		got, refused := b.caller(t, issuer.sign(t, claims))
		if refused != "" || got.Owner != owner || got.Role != test.role {
			t.Errorf("%s: got owner %s, role %s, refusal %q, want %s, %s", test.name, got.Owner, got.Role, refused, owner, test.role)
		}
		if _, refused := b.caller(t, issuer.sign(t, claims.with(test.otherwise))); refused != "Unauthorized" {
			t.Errorf("%s, of %s: got %q, want Unauthorized", test.name, test.otherwiseIsFor, refused)
		}
	}
}
