"""The outside systems, as small stateful programs that are strict where the real ones are strict.

The core of each is a pure, synchronous object: `handle(Request) -> Response`, with the clock handed
in. `transport.py` mounts it into an httpx client without a socket, `asgi.py` behind a server,
`python -m infra.simulators` serves both on 127.0.0.1.
"""
