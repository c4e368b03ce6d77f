"""OAuth 2.0, client credentials: how an integration logs in."""

from __future__ import annotations

import base64
import binascii
import hmac

from infra.simulators.messages import Request, Response, answer, origin
from infra.simulators.routing import Call, RouteTable
from infra.simulators.salesforce.org import Org

OAUTH: RouteTable[Org] = RouteTable()
_FORM = "application/x-www-form-urlencoded"


@OAUTH.route(
    "POST",
    "/services/oauth2/token",
    label="documented",
    note="grant_type=client_credentials; credentials by HTTP Basic or in the form",
)
def token(org: Org, call: Call) -> Response:
    request = call.request
    is_form = request.headers.get("content-type", "").startswith(_FORM)
    form = request.form if is_form else {}
    if form.get("grant_type") != "client_credentials":
        return _refused("unsupported_grant_type", "grant type not supported")
    client_id, secret = _credentials(request, form)
    if not hmac.compare_digest(client_id.encode(), org.settings.client_id.encode()):
        return _refused("invalid_client_id", "client identifier invalid")
    if not hmac.compare_digest(secret.encode(), org.settings.client_secret.encode()):
        return _refused("invalid_client", "invalid client credentials")
    return _granted(org, request)


def _granted(org: Org, request: Request) -> Response:
    access_token, moment = org.log_in()
    instance = org.settings.instance_url or origin(request)
    organisation, user = org.settings.organisation_id, org.settings.user_id
    body = {
        "access_token": access_token,
        "signature": base64.b64encode(access_token[-24:].encode()).decode(),
        "scope": "api",
        "instance_url": instance,
        "id": f"{instance}/id/{organisation}/{user}",
        "token_type": "Bearer",
        "issued_at": str(int(moment.timestamp() * 1000)),
    }
    return answer(200, body, {"cache-control": "no-store"})


def _refused(error: str, description: str) -> Response:
    return answer(400, {"error": error, "error_description": description})


def _credentials(request: Request, form: dict[str, str]) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret
