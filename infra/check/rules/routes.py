"""The routes are those of the catalogue, each to its own use case.

Each stands behind the authoriser, but for those that the catalogue calls signed: they are bounded
for themselves, as anybody may call them. A function may be called by the API if it has a route, by
this API and by no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.catalog import UseCase
from infra.check.assembly import Assembly, Resource


def route_keys(use_cases: Sequence[UseCase]) -> dict[str, str]:
    """`GET /v1/…` -> name of the use case, from the catalogue."""
    return {
        f"{r.method} {r.path}": u.name for u in use_cases for r in (*u.routes, *u.signed_routes)
    }


def signed_keys(use_cases: Sequence[UseCase]) -> set[str]:
    """Those of them that take a signature in place of a token."""
    return {f"{r.method} {r.path}" for u in use_cases for r in u.signed_routes}


def _function_of(assembly: Assembly, route: Resource) -> str:
    target = assembly.text(route.stack, route.properties["Target"]).removeprefix("integrations/")
    for integration in assembly.resources("AWS::ApiGatewayV2::Integration"):
        if f"${{{integration}}}" == target:
            return assembly.text(route.stack, integration.properties["IntegrationUri"])
    return ""


def _named(assembly: Assembly, kind: str) -> set[str]:
    """What our resources of a kind are called where they are referred to, from any stack."""
    return {f"${{{made}}}" for made in assembly.resources(f"AWS::ApiGatewayV2::{kind}")}


def _door_faults(assembly: Assembly, route: Resource, *, signed: bool) -> Iterator[str]:
    key = route.properties["RouteKey"]
    authorizer = route.properties.get("AuthorizerId")
    if assembly.text(route.stack, route.properties["ApiId"]) not in _named(assembly, "Api"):
        yield f"{key}: route of another API"
    kind = route.properties.get("AuthorizationType")
    if signed and (kind != "NONE" or authorizer):
        yield f"{key}: signed route that asks for a token, which its sender has not"
    if not signed and (kind != "JWT" or not authorizer):
        yield f"{key}: route without the authoriser"
    elif not signed and assembly.text(route.stack, authorizer) not in _named(
        assembly, "Authorizer"
    ):
        yield f"{key}: route behind an authoriser that is not ours"


def _route_faults(assembly: Assembly, route: Resource, owner: str | None) -> Iterator[str]:
    key = route.properties["RouteKey"]
    if owner is None:
        yield f"{key}: route that the catalogue does not have"
        return
    function = assembly.functions().get(owner)
    if _function_of(assembly, route) != f"${{{function}.Arn}}":
        yield f"{key}: does not lead to {owner}"
    if f"${{{function}.Arn}}" not in _callable(assembly):
        yield f"{key}: the API may not call {owner}"


def _callable(assembly: Assembly) -> dict[str, list[str]]:
    """Function -> from where an API may call it."""
    found: dict[str, list[str]] = {}
    for permission in assembly.resources("AWS::Lambda::Permission"):
        if permission.properties["Principal"] == "apigateway.amazonaws.com":
            function = assembly.text(permission.stack, permission.properties["FunctionName"])
            source = assembly.text(permission.stack, permission.properties.get("SourceArn", "*"))
            found.setdefault(function, []).append(source)
    return found


def _permission_faults(assembly: Assembly, use_cases: Sequence[UseCase]) -> Iterator[str]:
    functions = {f"${{{made}.Arn}}": name for name, made in assembly.functions().items()}
    routed = {u.name for u in use_cases if u.routes or u.signed_routes}
    ours = [
        f"arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{{api}}}/*/*/*"
        for api in assembly.resources("AWS::ApiGatewayV2::Api")
    ]
    for function, sources in _callable(assembly).items():
        name = functions.get(function, function)
        if name not in routed:
            yield f"{name}: the API may call it, and it has no route"
        if sources != ours:
            yield f"{name}: may be called by {', '.join(sources)}, and not by our API alone, once"


def _stage_faults(assembly: Assembly, signed: set[str]) -> Iterator[str]:
    for stage in assembly.resources("AWS::ApiGatewayV2::Stage"):
        if "AccessLogSettings" not in stage.properties:
            yield f"{stage}: API stage without an access log"
        if "ThrottlingRateLimit" not in stage.properties.get("DefaultRouteSettings", {}):
            yield f"{stage}: API stage without a rate limit"
        for key in sorted(signed):
            if "ThrottlingRateLimit" not in stage.properties.get("RouteSettings", {}).get(key, {}):
                yield f"{key}: signed route without a rate limit of its own"


def faults(assembly: Assembly, use_cases: Sequence[UseCase]) -> list[str]:
    """Routes that are missing, open, or lead elsewhere."""
    wanted = route_keys(use_cases)
    routes = {r.properties["RouteKey"]: r for r in assembly.resources("AWS::ApiGatewayV2::Route")}
    found = [f"{key}: the API has no such route" for key in sorted(wanted) if key not in routes]
    signed = signed_keys(use_cases)
    for key, route in routes.items():
        found += _door_faults(assembly, route, signed=key in signed)
        found += _route_faults(assembly, route, wanted.get(key))
    found += _permission_faults(assembly, use_cases)
    return [*found, *_stage_faults(assembly, signed)]
