"""Who may speak: the user pool, and per org one app for people and one for machines.

What a token may do is decided by our own user record, never by the pool (design, chapter 7).
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk.aws_cognito import (
    AccountRecovery,
    AuthFlow,
    CognitoDomainOptions,
    FeaturePlan,
    IUserPoolResourceServer,
    Mfa,
    MfaSecondFactor,
    OAuthFlows,
    OAuthScope,
    OAuthSettings,
    PasswordPolicy,
    ResourceServerScope,
    SignInAliases,
    UserPool,
)
from constructs import Construct

from infra.constructs.names import pascal
from infra.stages import StageConfig

MACHINE_SCOPE = ResourceServerScope(
    scope_name="machine", scope_description="Speaks for a machine that has a user record of ours"
)


class Identity(Construct):
    """A Cognito user pool. `clients` holds, per org, the ids of its apps: the audiences."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.pool = UserPool(
            self,
            "Users",
            self_sign_up_enabled=False,
            sign_in_aliases=SignInAliases(email=True),
            sign_in_case_sensitive=False,
            account_recovery=AccountRecovery.EMAIL_ONLY,
            mfa=Mfa.OPTIONAL,
            mfa_second_factor=MfaSecondFactor(otp=True, sms=False),
            password_policy=PasswordPolicy(
                min_length=12,
                require_digits=True,
                require_lowercase=True,
                require_uppercase=True,
                require_symbols=True,
                temp_password_validity=Duration.days(3),
            ),
            feature_plan=FeaturePlan.ESSENTIALS,
            deletion_protection=stage.keeps_data,
            removal_policy=RemovalPolicy.RETAIN if stage.keeps_data else RemovalPolicy.DESTROY,
        )
        server = self.pool.add_resource_server(
            "Busbar", identifier="busbar", scopes=[MACHINE_SCOPE]
        )
        # Client credentials are exchanged at the pool's domain; its name is unique world-wide.
        self.pool.add_domain(
            "Domain",
            cognito_domain=CognitoDomainOptions(
                domain_prefix=f"busbar-{stage.name}-{Aws.ACCOUNT_ID}"
            ),
        )
        self.clients = {org: self._clients(org, server) for org in sorted(stage.orgs)}

    def _clients(self, org: str, server: IUserPoolResourceServer) -> Sequence[tuple[str, str]]:
        """(what for, client id) of the org's apps."""
        portal = self.pool.add_client(
            f"{pascal(org)}Portal",
            auth_flows=AuthFlow(user_srp=True),
            disable_o_auth=True,
            prevent_user_existence_errors=True,
            access_token_validity=Duration.minutes(60),
            refresh_token_validity=Duration.days(30),
        )
        machine = self.pool.add_client(
            f"{pascal(org)}Machine",
            generate_secret=True,
            o_auth=OAuthSettings(
                flows=OAuthFlows(client_credentials=True),
                scopes=[OAuthScope.resource_server(server, MACHINE_SCOPE)],
            ),
            access_token_validity=Duration.minutes(60),
        )
        return (("portal", portal.user_pool_client_id), ("machine", machine.user_pool_client_id))
