"""The registry: versions of models, their aliases, and the whole history as evidence, in plain files."""

import typing as _typing

from maturekit._core.lazy import lazy_names as _lazy_names

if _typing.TYPE_CHECKING:
    from maturekit.registry.catalogue import Catalogue
    from maturekit.registry.data_fingerprint import fingerprint, fingerprint_files
    from maturekit.registry.files_serializer import FilesSerializer
    from maturekit.registry.joblib_serializer import JoblibSerializer
    from maturekit.registry.model_files import ModelFiles
    from maturekit.registry.onnx_model import OnnxModel
    from maturekit.registry.onnx_serializer import OnnxSerializer
    from maturekit.registry.registry import Registry
    from maturekit.registry.serializer import Serializer
    from maturekit.registry.skops_serializer import SkopsSerializer
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
    "FilesSerializer": "maturekit.registry.files_serializer",
    "JoblibSerializer": "maturekit.registry.joblib_serializer",
    "ModelFiles": "maturekit.registry.model_files",
    "OnnxModel": "maturekit.registry.onnx_model",
    "OnnxSerializer": "maturekit.registry.onnx_serializer",
    "Registry": "maturekit.registry.registry",
    "Serializer": "maturekit.registry.serializer",
    "SkopsSerializer": "maturekit.registry.skops_serializer",
    "Version": "maturekit.registry.version",
    "fingerprint": "maturekit.registry.data_fingerprint",
    "fingerprint_files": "maturekit.registry.data_fingerprint",
}

__getattr__, __dir__ = _lazy_names(__name__, _HOMES)
