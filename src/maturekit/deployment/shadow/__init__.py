"""Shadows: a challenger that is asked aside what the champion is asked, and heard by nobody."""

from maturekit.deployment.shadow.shadowed import Shadowed

__all__ = ["Shadowed"]
