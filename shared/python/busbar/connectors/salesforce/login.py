"""The OAuth 2.0 client-credentials request.

Documented: it works on the My-Domain host only, and the app needs a run-as user.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

from busbar.connectors.exchange import Ask
from busbar.errors import Unavailable

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 (a path, no password)


def login_ask(secret: Mapping[str, str], operation: str, auth: Literal["body", "basic"]) -> Ask:
    """Ask for a token with `{"client_id", "client_secret"}`, in the body or as HTTP Basic.

    Raises `Unavailable` if the secret lacks one of the two: somebody has to mend it, and the order
    waits meanwhile.
    """
    client_id, client_secret = secret.get("client_id", ""), secret.get("client_secret", "")
    if not client_id or not client_secret:
        raise Unavailable("salesforce", operation, "client_id, client_secret", "INCOMPLETE_SECRET")
    form = {"grant_type": "client_credentials"}
    headers = {}
    if auth == "basic":
        # RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
        pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        form |= {"client_id": client_id, "client_secret": client_secret}
    return Ask(operation, "POST", TOKEN_PATH, login=True, form=form, headers=headers)
