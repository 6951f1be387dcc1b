"""Serializers: from a model to files and back, each saying what its loading may execute."""

__all__: list[str] = []
