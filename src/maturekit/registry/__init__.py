"""The registry: versions of models, their aliases, and the whole history as evidence, in plain files."""

from maturekit.registry.fingerprint import fingerprint, fingerprint_files
from maturekit.registry.joblib_serializer import JoblibSerializer
from maturekit.registry.registry import Registry
from maturekit.registry.serializer import Serializer
from maturekit.registry.version import Version

__all__ = ["JoblibSerializer", "Registry", "Serializer", "Version", "fingerprint", "fingerprint_files"]
