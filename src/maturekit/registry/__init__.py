"""The registry: versions of models, their aliases, and the whole history as evidence, in plain files."""

import typing as _typing

from maturekit._core.lazy import lazy_names as _lazy_names

if _typing.TYPE_CHECKING:
    from maturekit.registry.catalogue import Catalogue
    from maturekit.registry.data_fingerprint import fingerprint, fingerprint_files
    from maturekit.registry.registry import Registry
    from maturekit.registry.serializers.files_serializer import FilesSerializer
    from maturekit.registry.serializers.joblib_serializer import JoblibSerializer
    from maturekit.registry.serializers.model_files import ModelFiles
    from maturekit.registry.serializers.onnx_model import OnnxModel
    from maturekit.registry.serializers.onnx_serializer import OnnxSerializer
    from maturekit.registry.serializers.serializer import Serializer
    from maturekit.registry.serializers.skops_serializer import SkopsSerializer
    from maturekit.registry.version import Version

__all__ = [
    "Catalogue",
    "FilesSerializer",
    "JoblibSerializer",
    "ModelFiles",
    "OnnxModel",
    "OnnxSerializer",
    "Registry",
    "Serializer",
    "SkopsSerializer",
    "Version",
    "fingerprint",
    "fingerprint_files",
]

_HOMES = {
    "Catalogue": "maturekit.registry.catalogue",
    "FilesSerializer": "maturekit.registry.serializers.files_serializer",
    "JoblibSerializer": "maturekit.registry.serializers.joblib_serializer",
    "ModelFiles": "maturekit.registry.serializers.model_files",
    "OnnxModel": "maturekit.registry.serializers.onnx_model",
    "OnnxSerializer": "maturekit.registry.serializers.onnx_serializer",
    "Registry": "maturekit.registry.registry",
    "Serializer": "maturekit.registry.serializers.serializer",
    "SkopsSerializer": "maturekit.registry.serializers.skops_serializer",
    "Version": "maturekit.registry.version",
    "fingerprint": "maturekit.registry.data_fingerprint",
    "fingerprint_files": "maturekit.registry.data_fingerprint",
}

__getattr__, __dir__ = _lazy_names(__name__, _HOMES)
