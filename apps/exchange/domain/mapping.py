"""Column mappings: what each column of a file is, and the rows of an import that its records make with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from apps.core.errors import BadInput
from apps.exchange.domain.json_text import parse
from apps.exchange.domain.rows import MAX_KEY, SPLITS, BadRow

MAPPED = ("ndjson", "csv", "tsv", "parquet", "arrow")
"""Formats whose records are columns with values."""
WHOLE = ("key", "label", "split", "licence", "payload", "attributes")
PARTS = ("payload", "attributes")
OTHERS = ("leave_out", "refuse")
JOIN = "/"
MOST = 1_000  # columns, or labels, in one mapping
Shape = Callable[[int, Any], Any]


@dataclass(frozen=True)
class Mapping:
    """Columns by name with what they are: `key`, `label`, `payload.text`, …; those of `left_out` are nothing.

    Several `key` columns are joined in the order of `key`; with none, a row's key is its file's name and its number.
    `labels` says which option a value stands for (None: no row with it comes in, "": it comes in without a label).
    """

    columns: dict[str, str]
    key: tuple[str, ...] = ()
    labels: dict[str, str | None] = field(default_factory=dict)
    split: str = ""
    licence: str = ""
    left_out: tuple[str, ...] = ()
    strict: bool = False  # a row with a column that is named nowhere is bad; else that column is left out

    @classmethod
    def of(cls, given: Any) -> Mapping:
        """Raises `BadInput` naming what cannot be meant."""
        whole = _object(given, "mapping")
        _only(whole, ("columns", "key", "labels", "defaults", "others"), "mapping")
        columns = _texts(whole.get("columns", {}), "columns")
        defaults = _texts(whole.get("defaults", {}), "defaults")
        _only(defaults, ("split", "licence"), "defaults")
        mapping = cls(
            columns={name: to for name, to in columns.items() if to},
            key=_key(whole.get("key"), columns),
            labels=_texts(whole.get("labels", {}), "labels", none=True),
            split=defaults.get("split", ""),
            licence=defaults.get("licence", ""),
            left_out=tuple(name for name, to in columns.items() if not to),
            strict=_others(whole.get("others", OTHERS[0])) == OTHERS[1],
        )
        mapping._check()
        return mapping

    def _check(self) -> None:
        once: dict[str, str] = {}
        for name, to in self.columns.items():
            part, _, rest = to.partition(".")
            if to not in WHOLE and not (part in PARTS and rest):
                raise _wrong(
                    f"The column {name[:60]!r} is mapped to {to[:60]!r}; choose one of {', '.join(WHOLE)}, "
                    "payload.NAME or attributes.NAME."
                )
            if to != "key" and to in once:
                raise _wrong(
                    f"`{to}` is made of two columns, {once[to][:60]!r} and {name[:60]!r}. Leave one out."
                )
            once[to] = name
        if not any(to.partition(".")[0] == "payload" for to in self.columns.values()):
            raise _wrong("No column goes into the payload. Say which one holds what is to be judged.")
        if self.split and self.split not in SPLITS:
            raise _wrong(f"The default split is {self.split[:60]!r}; choose one of {', '.join(SPLITS)}.")

    def given(self) -> dict[str, Any]:
        """As it is kept and sent: what `of` reads."""
        defaults = {"split": self.split, "licence": self.licence}
        return {
            "columns": {**self.columns, **dict.fromkeys(self.left_out, "")},
            "key": list(self.key),
            "labels": self.labels,
            "defaults": {name: value for name, value in defaults.items() if value},
            "others": OTHERS[self.strict],
        }

    @property
    def is_plain(self) -> bool:
        """Whether rows are so named that they come in the same without it."""
        same = all(name == to and name in WHOLE for name, to in self.columns.items())
        return (
            same and self.key == ("key",) and not (self.labels or self.split or self.licence or self.left_out)
        )

    def shape(self, name: str) -> Shape:
        """Makes a record (its number from 1, column → value) of the file `name` into a row for `check_row`."""
        cells = [(column, to) for column, to in self.columns.items() if to in ("label", "split", "licence")]
        wholes = [(column, to) for column, to in self.columns.items() if to in PARTS]
        parts = [(column, *to.split(".", 1)) for column, to in self.columns.items() if "." in to]
        key = self._key_maker(name)
        named = {*self.columns, *self.key, *self.left_out} if self.strict else None

        def shaped(number: int, record: Any) -> Any:
            if type(record) is not dict:
                return record
            if named is not None and not record.keys() <= named:
                return _unmapped(min(record.keys() - named))
            row: dict[str, Any] = {"key": key(number, record), "split": self.split, "licence": self.licence}
            for column, to in cells:
                if (value := record.get(column)) not in (None, ""):
                    row[to] = value
            for column, to in wholes:
                row[to] = _whole(record.get(column), to)
            for column, part, to in parts:
                if (value := record.get(column)) is not None and (value != "" or part == "payload"):
                    _put(row, part, to, value)
            return self._labelled(row) if self.labels and "label" in row else row

        return shaped

    def _key_maker(self, name: str) -> Callable[[int, dict[str, Any]], Any]:
        stem = name.strip()[: MAX_KEY - 20] or "row"

        def numbered(number: int, record: dict[str, Any]) -> str:
            return f"{stem}:{number}"

        return self._joined if self.key else numbered

    def _joined(self, _: int, record: dict[str, Any]) -> Any:
        values = [record.get(column) for column in self.key]
        if len(values) == 1:
            return values[0]
        return None if None in values or "" in values else JOIN.join(map(str, values))

    def _labelled(self, row: dict[str, Any]) -> Any:
        told = as_label(row["label"])
        if told in self.labels:
            row["label"] = self.labels[told]
            if row["label"] is None:
                sentence = (
                    f"The mapping keeps out rows labelled {told[:60]!r}. Map it to an option to let them in."
                )
                return BadRow("label", "label_kept_out", sentence)
        return row


def _unmapped(name: str) -> BadRow:
    sentence = (
        f"The row has a column {name[:60]!r} that the mapping does not name. Map it, or leave it out by name."
    )
    return BadRow("", "unmapped_column", sentence)


def as_label(value: Any) -> str:
    """A cell as the table of labels names it."""
    return value if isinstance(value, str) else str(value)


def _whole(value: Any, name: str) -> Any:
    """An object that is one of its own, for columns beside it may add to it; a text is read as JSON."""
    if isinstance(value, str):
        value = parse(value, f"`{name}`") if value else None
    return dict(value) if isinstance(value, dict) else value


def _put(row: dict[str, Any], part: str, name: str, value: Any) -> None:
    """Add a cell to a part made of several columns; one that is no object is left for `check_row` to refuse."""
    if row.get(part) is None:
        row[part] = {}
    if isinstance(row[part], dict):
        row[part][name] = value


def _key(given: Any, columns: dict[str, str]) -> tuple[str, ...]:
    """The columns of the key in their order: as told, else those mapped to it."""
    mapped = tuple(name for name, to in columns.items() if to == "key")
    if given is None or given == []:
        return mapped
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise _wrong("`key` of the mapping must be a list of columns.")
    if mapped and sorted(mapped) != sorted(given):
        raise _wrong("`key` of the mapping must name the columns that are mapped to key, and no others.")
    return tuple(given)


def _others(given: Any) -> str:
    if given not in OTHERS:
        raise _wrong(f"`others` of the mapping is one of {', '.join(OTHERS)}.")
    return str(given)


def _texts(given: Any, name: str, *, none: bool = False) -> dict[str, Any]:
    texts = _object(given, name)
    if len(texts) > MOST:
        raise _wrong(f"`{name}` of the mapping names more than {MOST:,}. Name fewer.")
    for word, value in texts.items():
        if value is None and not none:
            texts[word] = ""
        elif not isinstance(value, str) and value is not None:
            raise _wrong(f"`{name}.{word[:60]}` of the mapping must be a text.")
    return texts


def _object(given: Any, name: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise _wrong(f"`{name}` must be a JSON object.")
    return dict(given)


def _only(given: dict[str, Any], known: tuple[str, ...], name: str) -> None:
    if strange := set(given) - set(known):
        raise _wrong(f"There is no `{min(strange)[:60]}` in `{name}`; it takes {', '.join(known)}.")


def _wrong(sentence: str) -> BadInput:
    return BadInput(sentence, field="mapping")
