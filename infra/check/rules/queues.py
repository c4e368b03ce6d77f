"""No queue without a dead-letter queue, no dead-letter queue without an alarm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.catalog import UseCase
from infra.check.assembly import Assembly, Resource

DEPTH = "ApproximateNumberOfMessagesVisible"
AGE = "ApproximateAgeOfOldestMessage"
ORDERED = {
    "FifoQueue": True,
    "DeduplicationScope": "messageGroup",
    "FifoThroughputLimit": "perMessageGroupId",
}
"""What makes a queue keep the order of each group of messages, and no other."""


def _arn(queue: Resource) -> str:
    return f"${{{queue}.Arn}}"


def dead_letter_arns(assembly: Assembly) -> set[str]:
    """ARNs of all queues that something uses for what it could not do."""
    return {arn for _, arn in _dead_letters(assembly)}


def _dead_letters(assembly: Assembly) -> Iterator[tuple[Resource, str]]:
    for resource in assembly.resources():
        properties = resource.properties
        places = [
            properties.get("RedrivePolicy", {}).get("deadLetterTargetArn"),
            properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"),
        ]
        targets = [*properties.get("Targets", []), properties.get("Target", {})]
        places += [t.get("DeadLetterConfig", {}).get("Arn") for t in targets if isinstance(t, dict)]
        for place in places:
            if place is not None:
                yield resource, assembly.text(resource.stack, place)


def _watched(assembly: Assembly) -> set[tuple[str, str]]:
    """(queue, metric) that have an alarm which tells somebody."""
    return {
        (assembly.text(alarm.stack, dimension["Value"]), alarm.properties["MetricName"])
        for alarm in assembly.resources("AWS::CloudWatch::Alarm")
        if alarm.properties.get("AlarmActions")
        for dimension in alarm.properties.get("Dimensions", [])
        if dimension["Name"] == "QueueName"
    }


def _queue_faults(assembly: Assembly, queue: Resource, dead_letters: set[str]) -> Iterator[str]:
    watched = _watched(assembly)
    name = f"${{{queue}.QueueName}}"
    if _arn(queue) in dead_letters:
        if (name, DEPTH) not in watched:
            yield f"{queue}: dead-letter queue without an alarm on its depth"
    elif "RedrivePolicy" not in queue.properties:
        yield f"{queue}: queue without a dead-letter queue"
    elif (name, AGE) not in watched:
        yield f"{queue}: queue without an alarm on its oldest message"
    if not queue.properties.get("SqsManagedSseEnabled"):
        yield f"{queue}: queue without encryption"


def _order_faults(assembly: Assembly, use_cases: Sequence[UseCase]) -> Iterator[str]:
    """Queues that keep order do so group by group, and what a repeat is says their sender."""
    arns = {_arn(q): q for q in assembly.resources("AWS::SQS::Queue")}
    fed = {
        assembly.text(m.stack, m.properties["FunctionName"]): assembly.text(
            m.stack, m.properties["EventSourceArn"]
        )
        for m in assembly.resources("AWS::Lambda::EventSourceMapping")
    }
    functions = assembly.functions()
    for case in use_cases:
        queue = arns.get(fed.get(f"${{{functions.get(case.name)}}}", ""))
        if case.queue is None or queue is None:
            continue
        target = queue.properties.get("RedrivePolicy", {}).get("deadLetterTargetArn")
        parked = arns.get(assembly.text(queue.stack, target))
        for one in filter(None, (queue, parked)):
            if case.queue.ordered and not ORDERED.items() <= one.properties.items():
                yield f"{one}: does not keep the order of each group by itself"
            if case.queue.ordered and one.properties.get("ContentBasedDeduplication"):
                yield f"{one}: takes equal messages for one"
            if not case.queue.ordered and one.properties.get("FifoQueue"):
                yield f"{one}: keeps an order that the catalogue does not ask for"


def _visibility_faults(assembly: Assembly) -> Iterator[str]:
    queues = {_arn(q): q for q in assembly.resources("AWS::SQS::Queue")}
    functions = {f"${{{f}}}": f for f in assembly.functions().values()}
    for mapping in assembly.resources("AWS::Lambda::EventSourceMapping"):
        text = {k: assembly.text(mapping.stack, v) for k, v in mapping.properties.items()}
        queue = queues.get(text["EventSourceArn"])
        function = functions.get(text["FunctionName"])
        if queue and function:
            least = 6 * int(function.properties["Timeout"])
            if int(queue.properties.get("VisibilityTimeout", 30)) < least:
                yield f"{queue}: visibility below {least} s, six times its function's time limit"


def faults(assembly: Assembly, use_cases: Sequence[UseCase]) -> list[str]:
    """Queues that could lose a message, or keep one without anybody knowing."""
    dead_letters = dead_letter_arns(assembly)
    found = [
        fault
        for queue in assembly.resources("AWS::SQS::Queue")
        for fault in _queue_faults(assembly, queue, dead_letters)
    ]
    found += _order_faults(assembly, use_cases)
    return found + list(_visibility_faults(assembly))
