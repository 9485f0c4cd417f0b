"""Files in a bucket of an S3-compatible service."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import quote, unquote

from pocketbase_server.kit.ids import random_string
from pocketbase_server.kit.upload import Upload
from pocketbase_server.storage.files.base import (
    CHUNK,
    DEFAULT_TYPE,
    FileInfo,
    FileMissingError,
    FileStore,
    FileStoreError,
)

CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 30
"""How long a service may keep us waiting before it counts as gone."""
_PART: Final = 16 << 20
_MISSING: Final = frozenset(("404", "NoSuchKey", "NotFound"))


@dataclass(slots=True, frozen=True)
class Bucket:
    """Which bucket, where, and who we are."""

    name: str
    region: str
    endpoint: str
    access_key: str
    secret: str
    force_path_style: bool = False

    @property
    def url(self) -> str:
        """The endpoint as a URL."""
        return self.endpoint if "://" in self.endpoint else f"https://{self.endpoint}"


class S3Store(FileStore):
    """Files in one bucket."""

    name: ClassVar[str] = "s3"
    is_remote: ClassVar[bool] = True

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self._client: Any = None
        self._making = threading.Lock()

    @property
    def client(self) -> Any:
        """The connection pool, made when it is first needed."""
        with self._making:
            if self._client is None:
                self._client = _connect(self.bucket)
            return self._client

    def info(self, key: str) -> FileInfo:
        """Return what is known of a file; raises `FileMissingError`."""
        with _explained(key):
            found = self.client.head_object(Bucket=self.bucket.name, Key=key)
        return FileInfo(
            key,
            found["ContentLength"],
            found["LastModified"].timestamp(),
            found.get("ContentType") or DEFAULT_TYPE,
            {name.lower(): unquote(text) for name, text in found.get("Metadata", {}).items()},
        )

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Give the bytes of a file from *start* up to *end*; raises `FileMissingError`."""
        if end is not None and end <= start:
            return
        part = {"Range": f"bytes={start}-{'' if end is None else end - 1}"}
        with _explained(key):
            found = self.client.get_object(
                Bucket=self.bucket.name, Key=key, **(part if start or end is not None else {})
            )
            with found["Body"] as body:
                while piece := body.read(CHUNK):
                    yield piece

    def put(self, key: str, upload: Upload, metadata: Mapping[str, str] | None = None) -> None:
        """Keep a file under *key*, in parts when it is large."""
        told = {
            "ContentType": upload.type.mime,
            # NOTE: the service takes ASCII only
            "Metadata": {name: quote(text) for name, text in (metadata or {}).items()},
        }
        with _explained(key):
            self._put(key, upload, told)

    def _put(self, key: str, upload: Upload, told: dict[str, Any]) -> None:
        place = {"Bucket": self.bucket.name, "Key": key}
        if upload.size <= _PART:
            self.client.put_object(**place, Body=upload.open(), **told)
            return
        from boto3.s3.transfer import TransferConfig

        config = TransferConfig(
            multipart_threshold=_PART, multipart_chunksize=_PART, max_concurrency=2
        )
        self.client.upload_fileobj(
            upload.open(), self.bucket.name, key, ExtraArgs=told, Config=config
        )

    def delete(self, key: str) -> None:
        """Remove a file; raises `FileMissingError`."""
        self.info(key)
        self._delete(key)

    def _delete(self, key: str) -> None:
        with _explained(key):
            self.client.delete_object(Bucket=self.bucket.name, Key=key)

    def delete_prefix(self, prefix: str) -> None:
        """Remove every file whose key begins with *prefix*; fine when there is none."""
        if not prefix.strip("/"):
            raise FileStoreError("refusing to delete everything")
        for entry in self.entries(prefix):
            # NOTE: one by one, since services disagree on what a request for many must carry
            self._delete(entry.key)

    def entries(self, prefix: str = "") -> list[FileInfo]:
        """Return the files whose keys begin with *prefix*, sorted by key, without content types."""
        with _explained(prefix):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket.name, Prefix=prefix
            )
            found = [
                FileInfo(item["Key"], item["Size"], item["LastModified"].timestamp())
                for page in pages
                for item in page.get("Contents", ())
                if not item["Key"].endswith("/")
            ]
        return sorted(found, key=lambda info: info.key)

    def close(self) -> None:
        """Let go of connections."""
        with self._making:
            client, self._client = self._client, None
        if client is not None:
            client.close()


def _connect(bucket: Bucket) -> Any:
    # PERF: importing boto3 takes longer than starting the whole server
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path" if bucket.force_path_style else "virtual"},
        # NOTE: checksums of Amazon's own kind are unknown to many other services
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = boto3.session.Session(
        aws_access_key_id=bucket.access_key,
        aws_secret_access_key=bucket.secret,
        region_name=bucket.region,
    )
    return session.client("s3", endpoint_url=bucket.url, config=config)


@contextmanager
def _explained(key: str) -> Iterator[None]:
    """Turn every failure of the client into one of ours."""
    try:
        yield
    except (FileStoreError, GeneratorExit):
        raise
    except Exception as ex:
        if _code(ex) in _MISSING:
            raise FileMissingError(f"[key: {key}] no such file") from ex
        # SECURITY: the client's errors name what was asked and where, never the secret
        raise FileStoreError(f"[key: {key}] {ex}") from ex


def _code(error: Exception) -> str:
    answer = getattr(error, "response", None)
    return str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""


def check_bucket(bucket: Bucket) -> None:
    """Write, list and remove a small file; raises `FileStoreError` saying what did not work."""
    store = S3Store(bucket)
    prefix = f"pb_settings_test_{random_string(5)}"
    try:
        for failure, act in (
            ("failed to upload a test file", lambda: store.put(f"{prefix}/test.txt", _probe())),
            ("failed to delete a test file", lambda: store.delete_prefix(f"{prefix}/")),
        ):
            _try(failure, act)
    finally:
        store.close()


def _probe() -> Upload:
    return Upload.from_bytes("test.txt", b"test")


def _try(failure: str, act: Callable[[], None]) -> None:
    try:
        act()
    except FileStoreError as ex:
        raise FileStoreError(f"{failure}: {ex}") from ex
