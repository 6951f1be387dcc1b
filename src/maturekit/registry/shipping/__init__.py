"""Shipping: a registry, a model or a version as one file, out and in again."""

__all__: list[str] = []
