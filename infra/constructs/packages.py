"""What functions are made of: the built zips, known to CloudFormation by their contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import AssetHashType
from aws_cdk.aws_lambda import Architecture, Code, ILayerVersion, LayerVersion, Runtime
from constructs import Construct

from infra.build import Build, Package


def code_of(package: Package) -> Code:
    """The zip, known by the digest of what is in it."""
    return Code.from_asset(
        str(package.zip), asset_hash=package.digest, asset_hash_type=AssetHashType.CUSTOM
    )


@dataclass(frozen=True)
class Packages:
    """The layers of one stack and the code of its functions."""

    functions: Mapping[str, Package]
    layers: Sequence[ILayerVersion]

    @classmethod
    def of(cls, scope: Construct, build: Build) -> Packages:
        """Make the two layers in this stack; layers of another stack could go before we do."""
        named = (("Dependencies", build.dependencies), ("Busbar", build.busbar))
        layers = [
            LayerVersion(
                scope,
                f"{name}Layer",
                code=code_of(package),
                compatible_architectures=[Architecture.ARM_64],
                compatible_runtimes=[Runtime.PYTHON_3_13],
            )
            for name, package in named
        ]
        return cls(build.functions, layers)
