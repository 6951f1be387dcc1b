"""Reading joblib files without running what they say."""

from maturekit.registry.safe.reading import Reading, needs, read

__all__ = ["Reading", "needs", "read"]
