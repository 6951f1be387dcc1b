"""The file at the root of a registry, by which a registry is known."""

from __future__ import annotations

import os
from typing import Any

from maturekit._core.digest import canonical_json, check_of, parse_json
from maturekit.errors import (
    ArgumentError,
    ForeignFolderError,
    FormatError,
    IntegrityError,
    KeyMissingError,
    KeyTakenError,
    RegistryNotFoundError,
)
from maturekit.storage import Store

__all__ = ["ROOT_KEY", "Root"]

ROOT_KEY = "registry.json"
_WHAT = "maturekit registry"
_FORMAT = 1


class Root:
    """Knows whether a store holds a registry of a format this library reads, and makes it one at the first write.

    Examples
    --------
    >>> from maturekit.storage import MemoryStore
    >>> root = Root(MemoryStore())
    >>> root.create()
    >>> root.require()
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._known = False
        self._id = ""

    @property
    def id(self) -> str:
        """What tells this registry from every other; a copy of it has the same."""
        if not self._id:
            self.check()
        return self._id

    def require(self) -> None:
        """Return if there is a registry here; else raise `RegistryNotFoundError`."""
        if not self._known and not self._found():
            raise RegistryNotFoundError(
                f"there is no registry in {self.store}", hint="the first `register` creates it; is the place right?"
            )

    def admit(self) -> None:
        """Return if a registry is here or may be created; raise `ForeignFolderError` where other things are."""
        if self._known or self._found():
            return
        # Whoever creates a registry writes this file first. So, if other files are here and this one still is not,
        # they are not of a registry that another process is just creating.
        if not self.store.is_empty() and not self._found():
            raise self._foreign()

    def create(self) -> None:
        """Make sure that there is a registry here; raise `ForeignFolderError` where other things are."""
        self.admit()
        if self._known:
            return
        content = {"format": _FORMAT, "id": os.urandom(16).hex(), "what": _WHAT}
        try:
            self.store.put_new(ROOT_KEY, canonical_json(content | {"check": check_of(content)}))
        except KeyTakenError as error:
            if not self._found():  # another process was first, and its file is as good as ours
                raise self._foreign() from error  # something that is no file has the name
        self._known = True

    def adopt(self, text: bytes) -> None:
        """Make this the registry that a stored file describes; raise `ArgumentError` where another one is."""
        self._judge(text)
        if not self._found() and not self.store.is_empty() and not self._found():
            raise self._foreign()
        try:
            self.store.put_new(ROOT_KEY, text)
        except KeyTakenError:
            if self.store.get(ROOT_KEY) != text:
                raise ArgumentError(
                    f"there is another registry in {self.store}", hint="choose an empty or a new folder."
                ) from None
        self._known = True

    def check(self) -> None:
        """Read the file again, whatever was read before."""
        self._known = False
        self.require()

    def _foreign(self) -> ForeignFolderError:
        return ForeignFolderError(
            f"{self.store} holds files that are not of a registry, so nothing is written there",
            hint=f"choose an empty or a new folder; or, if this was a registry, restore its {ROOT_KEY!r} from a copy.",
        )

    def _found(self) -> bool:
        try:
            text = self.store.get(ROOT_KEY)
        except KeyMissingError:
            return False
        self._judge(text)
        self._known = True
        return True

    def _judge(self, text: bytes) -> None:
        where = f"{ROOT_KEY!r} in {self.store}"
        try:
            content: Any = parse_json(text, what=where)
        except FormatError as error:
            raise ForeignFolderError(
                f"{error.message}, so this is no registry of maturekit",
                hint="if it was one, restore the file from a copy: it is the same in every copy.",
            ) from error
        if not isinstance(content, dict) or content.get("what") != _WHAT or type(content.get("format")) is not int:
            raise ForeignFolderError(f"{where} was not written by maturekit", hint="choose another folder.")
        if content["format"] > _FORMAT:
            raise FormatError(
                f"{where} says format {content['format']}; this maturekit reads up to {_FORMAT}",
                hint="upgrade maturekit.",
            )
        try:
            sound = content.get("check") == check_of(content) and canonical_json(content) == text
        except ValueError:  # for instance 1e999, which reads as infinity and has no spelling
            sound = False
        if not sound:
            raise IntegrityError(f"{where} is damaged", hint="restore it from a copy.")
        self._id = str(content.get("id", ""))
