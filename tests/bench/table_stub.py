"""`python -m tests.bench.table_stub`: a DynamoDB on the loopback that remembers items, and no more.

A process of its own, so that its CPU is in no figure. It keeps connections open, checks neither
signatures nor conditions (one writer at a time has nobody to conflict with), and answers queries
with nothing. It prints its port and ends with its standard input.
"""

from __future__ import annotations

import json
import socketserver
import sys
import threading
import zlib
from collections.abc import Callable
from typing import Any

KEYS = {"busbar": ("pk", "sk"), "contacts": ("customer_number",), "idempotency": ("id",)}
"""The attributes of each table's key."""
_items: dict[tuple[str, ...], dict[str, Any]] = {}


def _key(table: str, item: dict[str, Any]) -> tuple[str, ...]:
    return (table, *(item[name]["S"] for name in KEYS[table]))


def _get(call: dict[str, Any]) -> dict[str, Any]:
    found = _items.get(_key(call["TableName"], call["Key"]))
    return {"Item": found} if found else {}


def _get_many(call: dict[str, Any]) -> dict[str, Any]:
    responses = {}
    for table, wanted in call["RequestItems"].items():
        found = (_items.get(_key(table, key)) for key in wanted["Keys"])
        responses[table] = [item for item in found if item]
    return {"Responses": responses, "UnprocessedKeys": {}}


def _put(call: dict[str, Any]) -> dict[str, Any]:
    _items[_key(call["TableName"], call["Item"])] = call["Item"]
    return {}


def _write(call: dict[str, Any]) -> dict[str, Any]:
    for part in call["TransactItems"]:
        if "Put" in part:
            _put(part["Put"])
    return {}


def _nothing(_: dict[str, Any]) -> dict[str, Any]:
    return {}


def _none_found(_: dict[str, Any]) -> dict[str, Any]:
    return {"Items": [], "Count": 0, "ScannedCount": 0}


OPERATIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "GetItem": _get,
    "BatchGetItem": _get_many,
    "PutItem": _put,
    "TransactWriteItems": _write,
    "UpdateItem": _nothing,
    "Query": _none_found,
}


class _Connection(socketserver.StreamRequestHandler):
    """Requests of one client, one after the other."""

    def handle(self) -> None:
        while self.rfile.readline():
            headers = {}
            while (line := self.rfile.readline()).strip():
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            body = self.rfile.read(int(headers.get("content-length", "0")))
            operation = headers["x-amz-target"].rpartition(".")[2]
            self._answer(json.dumps(OPERATIONS[operation](json.loads(body))).encode())

    def _answer(self, body: bytes) -> None:
        head = (
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\n"
            f"x-amzn-requestid: {'A' * 52}\r\nx-amz-crc32: {zlib.crc32(body)}\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        self.wfile.write(head.encode() + body)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def main() -> None:
    """Serve until nobody is there any more."""
    with _Server(("127.0.0.1", 0), _Connection) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
