"""A small stack of its own for the contract suite, written as an assembly on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

STACK = "probe"
TABLE = "probe"
FILES = "probe-files"
_ASSUMED_BY_LAMBDA = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
_WAIT = {
    "QueryLanguage": "JSONata",
    "StartAt": "Wait",
    "States": {
        "Wait": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "TimeoutSeconds": "{% ${Seconds} %}",
            "Arguments": {
                "QueueUrl": "${QueueUrl}",
                "MessageBody": {
                    "of": "{% $states.context.Execution.Name %}",
                    "token": "{% $states.context.Task.Token %}",
                },
            },
            "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}],
            "End": True,
        },
        "Late": {"Type": "Fail", "Error": "Late", "Cause": "nobody has answered"},
    },
}
"""A task that waits for an answer. `${…}` is put in by CloudFormation."""
_WANTED = {"dynamodb": {"NewImage": {"kind": {"S": ["row"]}, "wake": {"BOOL": [True]}}}}
Resource = dict[str, Any]


def write_assembly(folder: Path) -> Path:
    """Put the probe stack's assembly into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = (_table(), _queues(), _functions(), _api(), _route(), _bus(), _states(), _files())
    template = {"Resources": {name: r for part in parts for name, r in part.items()}}
    (folder / "probe.template.json").write_text(json.dumps(template))
    artifact = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "probe.template.json"},
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {STACK: artifact}}))
    return folder


def _resource(kind: str, **properties: Any) -> Resource:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def _arn(name: str) -> Resource:
    return {"Fn::GetAtt": [name, "Arn"]}


def _table() -> dict[str, Resource]:
    names = ("pk", "sk", "by")
    return {
        "Table": _resource(
            "DynamoDB::Table",
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in names],
            KeySchema=_key("pk", "sk"),
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "lists",
                    "KeySchema": _key("by", "sk"),
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
            StreamSpecification={"StreamViewType": "NEW_AND_OLD_IMAGES"},
            TimeToLiveSpecification={"AttributeName": "expires_at", "Enabled": True},
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )
    }


def _key(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def _queues() -> dict[str, Resource]:
    redrive = {"deadLetterTargetArn": _arn("Parked"), "maxReceiveCount": 3}
    names = ("Seen", "Parked", "Skipped", "Fired", "Asked", "Ended", "Uploaded")
    plain = {n: _resource("SQS::Queue", QueueName=n.lower()) for n in names}
    work = _resource("SQS::Queue", QueueName="work", VisibilityTimeout=2, RedrivePolicy=redrive)
    ordered = {
        "FifoQueue": True,
        "DeduplicationScope": "messageGroup",
        "FifoThroughputLimit": "perMessageGroupId",
    }
    aside = {"deadLetterTargetArn": _arn("Aside"), "maxReceiveCount": 3}
    return {
        **plain,
        "Work": work,
        "Aside": _resource("SQS::Queue", QueueName="aside.fifo", **ordered),
        "Ordered": _resource(
            "SQS::Queue",
            QueueName="ordered.fifo",
            VisibilityTimeout=2,
            RedrivePolicy=aside,
            **ordered,
        ),
    }


def _functions() -> dict[str, Resource]:
    everything = ["dynamodb:PutItem", "dynamodb:GetItem"]
    return {
        **_function("Echo", everything, timeout=2),
        **_function("Denied", ["dynamodb:GetItem"], handler="echo"),
        **_function("Keep", everything, timeout=20),
        **_function("Relay", ["sqs:SendMessage"]),
        **_function("Gone", []),
        "KeepMapping": _resource(
            "Lambda::EventSourceMapping",
            FunctionName={"Ref": "Keep"},
            EventSourceArn=_arn("Work"),
            BatchSize=10,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        ),
        "OrderedMapping": _resource(
            "Lambda::EventSourceMapping",
            FunctionName={"Ref": "Keep"},
            EventSourceArn=_arn("Ordered"),
            BatchSize=10,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        ),
        "RelayMapping": _resource(
            "Lambda::EventSourceMapping",
            FunctionName={"Ref": "Relay"},
            EventSourceArn={"Fn::GetAtt": ["Table", "StreamArn"]},
            StartingPosition="TRIM_HORIZON",
            BatchSize=10,
            MaximumRetryAttempts=2,
            BisectBatchOnFunctionError=True,
            DestinationConfig={"OnFailure": {"Destination": _arn("Skipped")}},
            FilterCriteria={"Filters": [{"Pattern": json.dumps(_WANTED)}]},
        ),
    }


def _function(
    name: str, actions: Sequence[str], *, timeout: int = 5, handler: str = ""
) -> dict[str, Resource]:
    policy = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [policy]}
    role = _resource(
        "IAM::Role",
        AssumeRolePolicyDocument=_ASSUMED_BY_LAMBDA,
        Policies=[{"PolicyName": "own", "PolicyDocument": document}],
    )
    variables = {
        "BUSBAR_STAGE": "local",
        "BUSBAR_TABLE": TABLE if name != "Denied" else "other",
        "BUSBAR_ORGS": '{"demo":{}}',
        "BUSBAR_QUEUES": {"Fn::Sub": '{"seen":"${Seen}"}'},
    }
    function = _resource(
        "Lambda::Function",
        FunctionName=name.lower(),
        Code={"ZipFile": "# runs from the source tree"},
        Handler=f"probes.{handler or name.lower()}.handler.lambda_handler",
        Runtime="python3.13",
        Timeout=timeout,
        Role=_arn(f"{name}Role"),
        Environment={"Variables": variables},
    )
    return {f"{name}Role": role, name: function}


def _api() -> dict[str, Resource]:
    api = {"Ref": "Api"}
    return {
        "Api": _resource(
            "ApiGatewayV2::Api",
            Name="probe",
            ProtocolType="HTTP",
            CorsConfiguration={"AllowOrigins": ["https://portal.example"], "AllowMethods": ["GET"]},
        ),
        "Stage": _resource("ApiGatewayV2::Stage", ApiId=api, StageName="$default", AutoDeploy=True),
        "Authorizer": _resource(
            "ApiGatewayV2::Authorizer",
            ApiId=api,
            Name="tokens",
            AuthorizerType="JWT",
            IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={"Issuer": "http://127.0.0.1:4572", "Audience": ["busbar-demo"]},
        ),
    }


def _route() -> dict[str, Resource]:
    api = {"Ref": "Api"}
    return {
        "Integration": _resource(
            "ApiGatewayV2::Integration",
            ApiId=api,
            IntegrationType="AWS_PROXY",
            PayloadFormatVersion="2.0",
            IntegrationUri=_arn("Echo"),
        ),
        "Route": _resource(
            "ApiGatewayV2::Route",
            ApiId=api,
            RouteKey="GET /v1/echo/{name}",
            AuthorizationType="JWT",
            AuthorizerId={"Ref": "Authorizer"},
            Target={"Fn::Join": ["/", ["integrations", {"Ref": "Integration"}]]},
        ),
    }


def _bus() -> dict[str, Resource]:
    pattern = {"source": ["salesforce.local/x"], "detail-type": ["Assigned__e"]}
    return {
        "Bus": _resource("Events::EventBus", Name="probe"),
        "Rule": _resource(
            "Events::Rule",
            EventBusName={"Ref": "Bus"},
            EventPattern=pattern,
            Targets=[{"Id": "seen", "Arn": _arn("Fired")}],
        ),
    }


def _states() -> dict[str, Resource]:
    assumed = json.loads(json.dumps(_ASSUMED_BY_LAMBDA).replace("lambda", "states"))
    ended = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [{"Ref": "Patient"}], "status": ["FAILED", "ABORTED"]},
    }
    return {
        "StatesRole": _resource("IAM::Role", AssumeRolePolicyDocument=assumed),
        "Patient": _machine("patient", seconds=600),
        "Hasty": _machine("hasty", seconds=1),
        "EndedRule": _resource(
            "Events::Rule", EventPattern=ended, Targets=[{"Id": "ended", "Arn": _arn("Ended")}]
        ),
    }


def _machine(name: str, *, seconds: int) -> Resource:
    return _resource(
        "StepFunctions::StateMachine",
        StateMachineName=name,
        RoleArn=_arn("StatesRole"),
        DefinitionString=json.dumps(_WAIT),
        DefinitionSubstitutions={"QueueUrl": {"Ref": "Asked"}, "Seconds": str(seconds)},
    )


def _files() -> dict[str, Resource]:
    told = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": [{"Ref": "Files"}]},
            "object": {"key": [{"prefix": "uploads/"}]},
        },
    }
    target = {"Id": "told", "Arn": _arn("Uploaded"), "InputPath": "$.detail.object"}
    return {
        "Files": _resource(
            "S3::Bucket",
            BucketName=FILES,
            VersioningConfiguration={"Status": "Enabled"},
            NotificationConfiguration=told,
        ),
        "FilesRule": _resource("Events::Rule", EventPattern=pattern, Targets=[target]),
    }
