"""The credentials of one outside system, for one org."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk.aws_secretsmanager import CfnSecret
from constructs import Construct

from infra.stages import StageConfig


class SystemSecret(Construct):
    """One secret, made without a value: a person puts it in, so no template ever holds one.

    Until then the read fails with `ResourceNotFoundException`, which names the secret. A generated
    placeholder would be sent to the outside system as if it were a password.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: StageConfig, secret_id: str
    ) -> None:
        super().__init__(scope, construct_id)
        self.secret = CfnSecret(
            self,
            "Secret",
            name=secret_id,
            description="Credentials of an outside system; their shape: see the connector's README",
        )
        self.secret.apply_removal_policy(
            RemovalPolicy.RETAIN if stage.keeps_data else RemovalPolicy.DESTROY
        )

    @property
    def arn(self) -> str:
        """Full ARN, with the random end that Secrets Manager gives it."""
        return self.secret.attr_id
