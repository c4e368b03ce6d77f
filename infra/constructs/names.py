"""Names that pass from stack to stack, as SSM parameters.

Not exports: a stack whose export is in use cannot be changed or rebuilt by itself. A reader's
parameter has type `AWS::SSM::Parameter::Value`, so each deploy reads the present value.
"""

from __future__ import annotations

from aws_cdk import CfnParameter, Stack
from aws_cdk.aws_ssm import StringParameter
from constructs import Construct

from infra.stages import parameter_name


def pascal(name: str) -> str:
    """`order_submit`, `table/stream-arn` -> a construct id."""
    words = name.replace("/", " ").replace("_", " ").replace("-", " ").split()
    return "".join(w[:1].upper() + w[1:] for w in words)


def publish(scope: Construct, *, stage: str, name: str, value: str) -> None:
    """Let other stacks, and people, find `value` under `name`."""
    StringParameter(
        scope,
        f"Name{pascal(name)}",
        parameter_name=parameter_name(stage, name),
        string_value=value,
    )


def published(scope: Construct, *, stage: str, name: str) -> str:
    """What another stack has published. The construct id does not depend on the stage."""
    stack = Stack.of(scope)
    existing = stack.node.try_find_child(f"Name{pascal(name)}")
    if isinstance(existing, CfnParameter):
        return existing.value_as_string
    parameter = CfnParameter(
        stack,
        f"Name{pascal(name)}",
        type="AWS::SSM::Parameter::Value<String>",
        default=parameter_name(stage, name),
    )
    return parameter.value_as_string
