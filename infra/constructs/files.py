"""The bucket of files: users' proofs of installation, and the events of ERPs as they came.

Nobody outside reads it but by a signed link.
"""

from __future__ import annotations

from typing import cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_s3 import (
    BlockPublicAccess,
    Bucket,
    BucketEncryption,
    CfnBucket,
    CorsRule,
    HttpMethods,
    LifecycleRule,
    ObjectOwnership,
)
from constructs import Construct

from busbar.domain.erp_events import (
    RECEIVED,
    RECEIVED_KEPT_DAYS,
    UPLOADED,
    UPLOADED_KEPT_DAYS,
)
from busbar.domain.erp_loads import LOADS, LOADS_KEPT_DAYS
from busbar.domain.wallbox_proofs import UPLOADS, UPLOADS_KEPT_DAYS
from infra.stages import StageConfig

DELETED_KEPT_DAYS = 30
"""How long a file can be brought back that was deleted, or written over."""


class UserFiles(Construct):
    """S3, encrypted, over TLS alone, with the versions of a month.

    What is uploaded is judged within seconds and deleted; what nobody judges goes by itself.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.bucket = Bucket(
            self,
            "Bucket",
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                LifecycleRule(prefix=UPLOADS, expiration=Duration.days(UPLOADS_KEPT_DAYS)),
                # They hold what an ERP knows of people: gone means gone, a day later.
                *(
                    LifecycleRule(
                        prefix=prefix,
                        expiration=Duration.days(days),
                        noncurrent_version_expiration=Duration.days(1),
                    )
                    for prefix, days in (
                        (RECEIVED, RECEIVED_KEPT_DAYS),
                        (LOADS, LOADS_KEPT_DAYS),
                        (UPLOADED, UPLOADED_KEPT_DAYS),
                    )
                ),
                LifecycleRule(
                    noncurrent_version_expiration=Duration.days(DELETED_KEPT_DAYS),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                ),
            ],
            cors=self._cors(stage),
            removal_policy=RemovalPolicy.RETAIN if stage.keeps_data else RemovalPolicy.DESTROY,
        )
        # The construct's own property would add a function of the CDK's, with a role of its own.
        plain = cast("CfnBucket", self.bucket.node.default_child)
        plain.notification_configuration = CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=CfnBucket.EventBridgeConfigurationProperty(
                event_bridge_enabled=True
            )
        )

    @staticmethod
    def _cors(stage: StageConfig) -> list[CorsRule] | None:
        """Browsers of the portal upload by POST, and read what a link shows."""
        if not stage.cors_origins:
            return None
        return [
            CorsRule(
                allowed_methods=[HttpMethods.POST, HttpMethods.GET],
                allowed_origins=list(stage.cors_origins),
                allowed_headers=["*"],
                max_age=3600,
            )
        ]
