"""Labels of older versions, as the version in force reads them: through the mappings, one version after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.projects.domain.mapping import check_mapping, labels_carried
from apps.projects.domain.protocol import classes_of


@dataclass(frozen=True)
class Version:
    """One version as far as reading needs it; `mapping` says what became of the answers to the one before it."""

    number: int
    body: dict[str, Any]
    digest: str
    mapping: dict[str, Any] | None
    since: datetime

    def carried(self, before: Version) -> dict[str, str | None]:
        """Each label of the version before, as this one has it."""
        mapping = self.mapping or check_mapping({}, before.body, self.body)
        return labels_carried(mapping, before.body, self.body)


@dataclass(frozen=True)
class Read:
    """A label as the version in force reads it; `lost` is the version that left it behind, if one did."""

    label: str | None
    lost: int | None = None


class Reading:
    """Reads labels of any version as the newest does. A label that is none of its version's is read as it stands."""

    def __init__(self, versions: Sequence[Version]) -> None:
        self.versions = list(versions)
        self._tables = {one.number: self._table(place) for place, one in enumerate(self.versions)}

    def label(self, label: str | None, version: int | None) -> Read:
        """`version` is the one the label was given under; None where there was none yet, and the first took it up."""
        if version is None and self.versions:
            version = self.versions[0].number
        table = self._tables.get(version or 0, {})
        return Read(None) if label is None else table.get(label, Read(label))

    def posterior(self, posterior: dict[str, float], version: int) -> dict[str, float]:
        """The same belief over the labels of the version in force: shares add up where labels became one."""
        found: dict[str, float] = {}
        for name, share in posterior.items():
            label = self.label(name, version).label
            if label is not None:
                found[label] = found.get(label, 0.0) + share
        return found

    @property
    def labels(self) -> list[str]:
        """Every label that any version had, those of the newest first: examples keep the one they came with."""
        return list(dict.fromkeys(label for one in reversed(self.versions) for label in classes_of(one.body)))

    @property
    def renamed(self) -> set[tuple[str, str]]:
        """Labels of any version beside what they are called today, where that differs."""
        found = {(old, read.label) for table in self._tables.values() for old, read in table.items()}
        return {(old, new) for old, new in found if new is not None and new != old}

    def version_at(self, at: datetime) -> int | None:
        """The version that was in force then."""
        return next((one.number for one in reversed(self.versions) if one.since <= at), None)

    def names(self, classes: Sequence[str]) -> list[str]:
        """A model's classes under their names of today: as of the newest version that had just these."""
        had = (one.number for one in reversed(self.versions) if set(classes_of(one.body)) == set(classes))
        version = next(had, None)
        return [self._tables[version][name].label or name if version else name for name in classes]

    def _table(self, place: int) -> dict[str, Read]:
        table = {label: Read(label) for label in classes_of(self.versions[place].body)}
        while place < len(self.versions) - 1:
            place = self._last_alike(place)
            if place == len(self.versions) - 1:
                break
            before, after = self.versions[place], self.versions[place + 1]
            carried = after.carried(before)
            table = {label: _step(read, carried, after.number) for label, read in table.items()}
            place += 1
        return table

    def _last_alike(self, place: int) -> int:
        """Where this version's content was last put in force: the same content means the same again."""
        same = [i for i, one in enumerate(self.versions) if one.digest == self.versions[place].digest]
        return same[-1]


def _step(read: Read, carried: dict[str, str | None], version: int) -> Read:
    if read.label is None:
        return read
    label = carried.get(read.label)
    return Read(label, None if label is not None else version)
