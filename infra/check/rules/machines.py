"""Each state machine is the one that stands beside its handler, and may do no more than it has to.

So what runs on a laptop is what is deployed: the same text, with the same two values put in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from infra.catalog import UseCase
from infra.check.assembly import Assembly, Resource
from infra.check.rules.rights import LOG_DELIVERY, granted
from infra.machines import (
    ENDED_BADLY,
    MOST_TRANSITIONS,
    definition,
    longest_way,
    put_in,
    substitutions,
)
from infra.stages import stage_named

MACHINE = "AWS::StepFunctions::StateMachine"


def machines(assembly: Assembly) -> dict[str, Resource]:
    """Use case -> its state machine, found by the function's variable."""
    by_text = {f"${{{machine}}}": machine for machine in assembly.resources(MACHINE)}
    told = {
        name: assembly.environment(function).get("BUSBAR_MACHINE", "")
        for name, function in assembly.functions().items()
    }
    return {name: by_text[text] for name, text in told.items() if text in by_text}


def _queue_of(assembly: Assembly, use_case: str) -> str:
    """ARN of the queue that the use case's function reads, as text."""
    me = f"${{{assembly.functions()[use_case]}}}"
    for mapping in assembly.resources("AWS::Lambda::EventSourceMapping"):
        if assembly.text(mapping.stack, mapping.properties["FunctionName"]) == me:
            return assembly.text(mapping.stack, mapping.properties["EventSourceArn"])
    return ""


def filled(assembly: Assembly, machine: Resource) -> dict[str, Any]:
    """The definition that a template has deployed."""
    values = {
        key: assembly.text(machine.stack, value)
        for key, value in machine.properties.get("DefinitionSubstitutions", {}).items()
    }
    return put_in(machine.properties["DefinitionString"], values)


def _definition_faults(
    assembly: Assembly, name: str, machine: Resource, most: int
) -> Iterator[str]:
    text = definition(name)
    others = {"Definition", "DefinitionS3Location"} & set(machine.properties)
    if machine.properties.get("DefinitionString") != text or others:
        yield f"{name}: its definition is not functions/{name}/state_machine.asl.json"
    there = {
        key: assembly.text(machine.stack, value)
        for key, value in machine.properties.get("DefinitionSubstitutions", {}).items()
    }
    queue_url = _queue_of(assembly, name).replace(".Arn}", "}")
    wanted = substitutions(stage_named(assembly.stage).tuning, queue_url)
    if there != wanted:
        yield f"{name}: what is put into its definition is {there}, not {wanted}"
    if (longest := longest_way(put_in(text, wanted))) > most:
        yield f"{name}: its longest way has {longest} transitions, more than {most}"


def _right_faults(assembly: Assembly, name: str, machine: Resource) -> Iterator[str]:
    role = machine.properties["RoleArn"]["Fn::GetAtt"][0]
    needs = {("sqs:SendMessage", _queue_of(assembly, name))}
    needs |= {(action, "*") for action in LOG_DELIVERY}
    has = granted(assembly, machine.stack, role)
    for action, resource in sorted(needs - has):
        yield f"{name}: its machine may not {action} on {resource}, but has to"
    for action, resource in sorted(has - needs):
        yield f"{name}: its machine may {action} on {resource}, but does not need to"


def _log_faults(name: str, machine: Resource) -> Iterator[str]:
    logging = machine.properties.get("LoggingConfiguration", {})
    if logging.get("Level") != "ERROR" or not logging.get("Destinations"):
        yield f"{name}: its machine does not log its errors"
    if logging.get("IncludeExecutionData") is not False:
        yield f"{name}: its machine logs what the states are given"


def _event_faults(assembly: Assembly, name: str, machine: Resource) -> Iterator[str]:
    for rule in assembly.resources("AWS::Events::Rule"):
        detail = rule.properties["EventPattern"].get("detail", {})
        of = [assembly.text(rule.stack, arn) for arn in detail.get("stateMachineArn", [])]
        targets = [assembly.text(rule.stack, t["Arn"]) for t in rule.properties["Targets"]]
        if (
            of == [f"${{{machine}}}"]
            and set(detail["status"]) == set(ENDED_BADLY)
            and targets == [_queue_of(assembly, name)]
        ):
            return
    yield f"{name}: does not hear of executions that end without success"


def faults(
    assembly: Assembly, use_cases: Sequence[UseCase], most: int = MOST_TRANSITIONS
) -> list[str]:
    """Machines that are missing or too many, differ from their file, or say or may too much."""
    found, there = machines(assembly), list(assembly.resources(MACHINE))
    wanted = {use_case.name for use_case in use_cases if use_case.machine}
    known = {str(machine) for machine in found.values()}
    return [
        *(f"{name}: the templates hold no machine for it" for name in sorted(wanted - set(found))),
        *(
            f"{name}: has a machine that the catalogue does not name"
            for name in found.keys() - wanted
        ),
        *(f"{machine}: no function may start it" for machine in there if str(machine) not in known),
        *(
            fault
            for name, machine in found.items()
            for fault in (
                *_definition_faults(assembly, name, machine, most),
                *_right_faults(assembly, name, machine),
                *_log_faults(name, machine),
                *_event_faults(assembly, name, machine),
            )
        ),
    ]
