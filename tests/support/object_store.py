"""A real S3 server on loopback, and what runs against it have in common."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from losscli.cli import entry
from losscli.io.remote import transfer
from losscli.io.remote.settings import BUNDLES

SECRETS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
           "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull,
           "AWS_SHARED_CREDENTIALS_FILE": os.devnull}  # fmt: skip


def quick_retries(monkeypatch: Any) -> None:
    """Retries without long waits, keys that open nothing, and no way out but loopback."""
    monkeypatch.setattr(transfer, "PAUSE", 0.01)
    monkeypatch.setattr(transfer, "LONGEST", 0.3)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith(("AWS_", "LOSSCLI_REMOTE"))]:
        monkeypatch.delenv(name)
    for name in BUNDLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


@contextmanager
def object_store(bucket: str = "bucket") -> Iterator[tuple[str, Any]]:
    """The address of a server with a new bucket, and a client of it; all servers of a process have the same buckets."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
                          aws_access_key_id="test", aws_secret_access_key="test")  # fmt: skip
    client.create_bucket(Bucket=bucket)
    try:
        yield endpoint, client
    finally:
        client.close()
        running.stop()


def command(*args: str) -> tuple[int, str, str]:
    """Exit code, standard output and error of one command line."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = entry.run(list(args))
        out.flush()
        text = out.buffer.getvalue().decode()
    return code, text, err.getvalue()
