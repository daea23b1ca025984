"""The data plane on an S3 server: the same addresses, and nothing half there. The server is moto's, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.fs as pafs
import pytest
from moto.server import ThreadedMotoServer

from apps.core.store import (
    StoreDamaged,
    addresses,
    fetch_folder,
    open_stream,
    put_folder,
    put_stream,
    read_batches,
    read_manifest,
    read_table,
    verify,
    writable,
    write_table,
)

TABLE = pa.table(
    {
        "key": [f"k{i}" for i in range(40_000)],
        "probs": [[i / 7, 0.5] if i % 5 else None for i in range(40_000)],
        "label": ["ü" if i % 2 else None for i in range(40_000)],
    }
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(server: str, settings: Any, tmp_path: Path) -> str:
    """The address of an empty bucket, in which the store lies."""
    url = f"http://{server}/{tmp_path.name.lower().replace('_', '-')}"
    assert httpx.put(url, trust_env=False).status_code == 200
    how = f"scheme=http&endpoint_override={server.replace(':', '%3A')}&region=us-east-1"
    settings.STORE_URL = f"s3://key:secret@{url.rpartition('/')[2]}/whetstone?{how}"
    return url


def keys(bucket: str) -> list[str]:
    """The objects in the bucket; folders, of which S3 knows nothing, are told by a slash at the end."""
    listed = httpx.get(f"{bucket}?list-type=2", trust_env=False).text
    found = [part.partition("</Key>")[0] for part in listed.split("<Key>")[1:]]
    return [key for key in found if not key.endswith("/")]


def table(size: int) -> Any:
    return write_table(
        "datasets", TABLE.to_batches(max_chunksize=size), schema=TABLE.schema, manifest={"v": 1}
    )


def test_a_table_comes_back_as_it_was_under_the_address_it_has_everywhere(
    bucket: str, settings: Any, tmp_path: Path
) -> None:
    stored = table(999)
    assert read_table("datasets", stored.digest).equals(TABLE)
    assert sum(batch.num_rows for batch in read_batches("datasets", stored.digest, columns=["key"])) == 40_000
    assert read_manifest("datasets", stored.digest)["v"] == 1
    verify("datasets", stored.digest)
    assert addresses("datasets") == [stored.digest]
    settings.STORE_URL = str(tmp_path / "folder")
    assert table(40_000).digest == stored.digest


def test_the_same_content_is_stored_once_and_nothing_stays_aside(bucket: str) -> None:
    assert table(999) == table(7_777)
    assert len(keys(bucket)) == 2, keys(bucket)


def test_a_stream_comes_back_as_it_was(bucket: str) -> None:
    chunk = bytes(range(256)) * 1_024
    digest = put_stream("uploads", (chunk for _ in range(48)))  # 12 MiB: in several parts
    with open_stream("uploads", digest) as source:
        assert source.read(300) == (chunk * 2)[:300]
        source.seek(5)
        assert source.read() == (chunk * 48)[5:]


def test_of_an_upload_that_is_given_up_nothing_stays(bucket: str) -> None:
    def given_up() -> Iterator[bytes]:
        yield b"x" * 6_000_000
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        put_stream("uploads", given_up())
    assert keys(bucket) == []


def test_a_folder_comes_back_checked(bucket: str, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "weights.safetensors").write_bytes(b"weights")
    put_folder("models", "ab" * 32, tmp_path, ["weights.safetensors"])
    fetched = fetch_folder("models", "ab" * 32, tmp_path / "fetched")
    assert (fetched / "weights.safetensors").read_bytes() == b"weights"
    (damaged,) = [key for key in keys(bucket) if key.endswith("weights.safetensors")]
    filesystem, root = pafs.FileSystem.from_uri(settings.STORE_URL)
    with filesystem.open_output_stream(f"{root.partition('/')[0]}/{damaged}") as sink:
        sink.write(b"others!")
    with pytest.raises(StoreDamaged):
        fetch_folder("models", "ab" * 32, tmp_path / "again")


def test_what_is_not_there_is_said_to_be_missing(bucket: str) -> None:
    with pytest.raises(FileNotFoundError, match="Restore it from a backup"):
        read_table("datasets", "0" * 64)
    writable()
    assert keys(bucket) == []
