"""Housekeeping: every fault named, what nobody needs removed, what must go erased."""

__all__: list[str] = []
