"""What lies beside the rows of a Hugging Face dataset: its card, and its Croissant metadata (JSON-LD)."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

LICENCES = {
    "CC0-1.0", "CC-BY-2.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0",
    "CC-BY-ND-4.0", "CC-BY-NC-SA-4.0", "CC-BY-NC-ND-4.0", "MIT", "Apache-2.0", "ODC-BY", "PDDL", "BSD-3-Clause",
    "GPL-3.0", "AGPL-3.0", "LGPL-3.0", "MPL-2.0", "Unlicense",
}  # fmt: skip
"""Licences that Hugging Face knows, by lower-case name."""

SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
)
COLUMNS = {
    "key": "the example’s own id",
    "payload": "the content, as JSON; null where it was purged",
    "payload_digest": "SHA-256 that the content is known by",
    "purged": "whether the content was taken out on purpose",
    "label": "what the example is taken to be",
    "given_label": "the label it came with",
    "soft": "belief over the classes; null where nobody was asked",
    "source": "how the label came about: given, vote or adjudicated",
    "condition": "clear, ambiguous, out_of_scope or unusable, as people say",
    "answers": "how many answers stand behind the label; in annotations, the answers as JSON",
    "split": "pool, train or benchmark",
    "attributes": "subgroups, as JSON",
    "licence": "under which the content came",
    "weight": "how strongly the row is taught",
    "stage": "place of its stage, from 0",
    "stage_name": "its stage",
    "reason": "why it is taught, or why it was asked",
    "person": "who answered, by a pseudonym unless names were asked for",
    "protocol": "version of the protocol that was answered",
    "confidence": "1 guess to 4 certain; null where it was not asked",
}
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def dataset_card(manifest: dict[str, Any], schema: pa.Schema) -> str:
    """README.md: a YAML header for the hub, and for people what it is, how labels came about, whose it is."""
    n, splits = manifest["rows"], manifest["splits"]
    size = next((words for most, words in SIZES if n < most), "n>10M")
    files = [f"      - split: {name}\n        path: data/{name}-*.parquet" for name in splits]
    licences = sorted({_hub_licence(name) for name in manifest["licences"]}) or ["unknown"]
    header = [
        "---",
        f"pretty_name: {json.dumps(manifest['title'])}",
        *(
            ["license:", *(f"  - {one}" for one in licences)]
            if len(licences) > 1
            else [f"license: {licences[0]}"]
        ),
        "size_categories:",
        f"  - {size}",
        "tags:",
        "  - whetstone",
        "  - human-feedback",
        *(["configs:", "  - config_name: default", "    data_files:", *files] if files else []),
        "---",
    ]
    return "\n".join([*header, "", *_told(manifest, schema), ""])


def _hub_licence(name: str) -> str:
    if not name:
        return "unknown"
    return name.lower() if name in LICENCES else "other"


def _told(manifest: dict[str, Any], schema: pa.Schema) -> list[str]:
    about = manifest["about"]
    licences = [f"- {name or 'none named'}: {n:,} rows" for name, n in manifest["licences"].items()]
    sources = [f"- {name}: {n:,} rows" for name, n in manifest.get("sources", {}).items()]
    stages = [
        f"- **{one['name']}**: {one['rows']:,} rows. {one['why']}" for one in manifest.get("stages", [])
    ]
    return [
        f"# {manifest['title']}",
        "",
        f"{about} Version `{manifest['digest']}`, {manifest['rows']:,} rows, exported from Whetstone.",
        *_section("How labels came about", sources or [manifest["labels"]]),
        *(_section("Stages", stages) if stages else []),
        *_section("Licences", licences or ["There are no rows."]),
        *(_section("Purged", [PURGED.format(n=manifest["purged"])]) if manifest["purged"] else []),
        *_section(
            "Columns", [f"- `{field.name}`: {COLUMNS.get(field.name, str(field.type))}" for field in schema]
        ),
    ]


PURGED = "The content of {n} rows was taken out on purpose: `payload` is null there, and `purged` true."


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", f"## {title}", "", *lines]


def croissant(manifest: dict[str, Any], schema: pa.Schema) -> dict[str, Any]:
    """Croissant 1.0 metadata: every file with its SHA-256, and a record set for each split."""
    licences = [name for name in manifest["licences"] if name]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": manifest["name"],
        "description": f"{manifest['title']}. {manifest['about']}",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "url": manifest["url"],
        "license": licences or ["unknown"],
        "creator": {"@type": "sc:Organization", "name": manifest["project"]},
        "datePublished": manifest["at"],
        "version": f"{manifest['number']}.0.0+{manifest['digest'][:12]}",
        "citeAs": f"{manifest['title']}, version {manifest['digest']}",
        "distribution": [
            *(_file(one) for one in manifest["files"]),
            *(_files(name) for name in manifest["splits"]),
        ],
        "recordSet": [_records(name, schema) for name in manifest["splits"]],
    }


def _file(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": one["name"],
        "name": one["name"],
        "contentUrl": one["name"],
        "contentSize": f"{one['size']} B",
        "encodingFormat": "application/x-parquet",
        "sha256": one["sha256"],
    }


def _files(split: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"files-of-{split}",
        "name": f"files-of-{split}",
        "encodingFormat": "application/x-parquet",
        "includes": f"data/{split}-*.parquet",
    }


def _records(split: str, schema: pa.Schema) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": split,
        "name": split,
        "description": f"Rows of the split {split}.",
        "field": [_field(split, field) for field in schema],
    }


def _field(split: str, field: pa.Field) -> dict[str, Any]:
    many = pa.types.is_list(field.type)
    return {
        "@type": "cr:Field",
        "@id": f"{split}/{field.name}",
        "name": field.name,
        "description": COLUMNS.get(field.name, field.name.replace("_", " ")),
        "dataType": _type(field.type.value_type if many else field.type),
        **({"repeated": True} if many else {}),
        "source": {"fileSet": {"@id": f"files-of-{split}"}, "extract": {"column": field.name}},
    }


def _type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(kind) else "sc:Text"
