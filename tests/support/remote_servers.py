"""A web server on loopback that behaves, or misbehaves in one way, as the path says; it also speaks enough of S3."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from waiting import PATIENCE


class Server(ThreadingHTTPServer):
    """`files` are served at /BEHAVIOUR/NAME, and /s3/NAME is an object; `asked` are the requests, `sent` the bytes."""

    daemon_threads = True
    block_on_close = False
    # Connections that clients keep outlive a server, and its threads answer there with its files: the port is nobody
    # else's before they are closed.
    allow_reuse_address = allow_reuse_port = False
    request_queue_size = 128  # connections that wait to be accepted

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str, str]] = []
        self.sent = 0
        self.counts: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.stop = threading.Event()
        self.delay = 0.0  # seconds before each answer
        self.status = 404  # of answers to what is not served
        self.listed = 1000  # objects on a page of a listing
        self.in_flight = self.most = 0  # requests that wait for an answer: now, and at most so far
        self.wanted = 0  # answers wait until so many requests are in flight
        self.change = threading.Condition()

    @property
    def base(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_):
        """A client that goes away is no news."""


@contextmanager
def serving():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop.set()
        server.shutdown()
        server.server_close()


@contextmanager
def serving_s3(monkeypatch):
    """A server that is the S3 of this process; its bucket is called `bucket`, and its objects are `files`."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "LOSSCLI_REMOTE"))]:
        monkeypatch.delenv(name)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    given = {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "us-east-1",
             "EC2_METADATA_DISABLED": "true", "CONFIG_FILE": os.devnull,
             "SHARED_CREDENTIALS_FILE": os.devnull}  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with serving() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.base)
        yield server


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Nobody reads it."""

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        asked = self.headers.get("Range", "")
        path = self.path.partition("?")[0]
        with self.server.change:
            self.server.asked.append((self.command, self.path, asked))
            self.server.headers.append(dict(self.headers))
            self.server.counts[path] += 1
            self.count = self.server.counts[path]
        _, behaviour, name = [*path.split("/", 2), "", ""][:3]
        try:
            self.wait()
            getattr(self, f"be_{behaviour}")(name)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def wait(self):
        """Until the answer may be given: after the delay, and when as many requests are in flight as are wanted."""
        server = self.server
        with server.change:
            server.in_flight += 1
            server.most = max(server.most, server.in_flight)
            server.change.notify_all()
            server.change.wait_for(lambda: server.most >= server.wanted or server.stop.is_set(), PATIENCE)
        time.sleep(server.delay)
        with server.change:
            server.in_flight -= 1

    # ------------------------------------------------------------------------------------------------------- answers

    def answer(self, data, status=200, **headers):
        self.send_response(status)
        for key, value in {"Content_Length": str(len(data)), "ETag": f'"{hash(data)}"', **headers}.items():
            if value is not None:
                self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        if self.command == "GET":
            with self.server.change:  # first: who has the bytes may look at once how many were sent
                self.server.sent += len(data)
            self.wfile.write(data)

    def refuse(self, status, **headers):
        self.answer(b"<html>no</html>", status, **headers)

    def whole(self, name):
        """The file, or None with a 404 said."""
        data = self.server.files.get(name)
        if data is None:
            self.refuse(404)
        return data

    def range(self, data, **headers):
        """Status, bytes and headers of the answer to what is asked."""
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        tag = {"ETag": f'"{hash(data)}"'}
        if not found:
            return 200, data, tag
        start, end = int(found[1]), min(int(found[2]) + 1, len(data))
        if start >= len(data):
            return 416, b"", {**tag, "Content_Range": f"bytes */{len(data)}"}
        return 206, data[start:end], {**tag, "Content_Range": f"bytes {start}-{end - 1}/{len(data)}"}

    def be_ok(self, name, **extra):
        if (data := self.whole(name)) is not None:
            status, piece, headers = self.range(data)
            self.answer(piece, status, **{**headers, **extra})

    def be_bucket(self, name):
        """An object of S3, or a list of objects."""
        query = parse_qs(self.path.partition("?")[2], keep_blank_values=True)
        if "list-type" not in query:
            return self.be_ok(name)
        prefix, after = query.get("prefix", [""])[0], query.get("continuation-token", [""])[0]
        most = min(int(query.get("max-keys", ["1000"])[0]), self.server.listed)
        names = sorted(each for each in self.server.files if each.startswith(prefix) and each > after)
        page = names[:most]
        told = "".join(
            f"<Contents><Key>{each}</Key><Size>{len(self.server.files[each])}</Size>"
            f"<ETag>&quot;{hash(self.server.files[each])}&quot;</ETag>"
            "<LastModified>2026-01-01T00:00:00.000Z</LastModified><StorageClass>STANDARD</StorageClass></Contents>"
            for each in page
        )
        more = len(names) > len(page)
        token = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if more else ""
        body = f"<?xml version='1.0' encoding='UTF-8'?><ListBucketResult><KeyCount>{len(page)}</KeyCount>{told}{token}"
        body += f"<IsTruncated>{str(more).lower()}</IsTruncated></ListBucketResult>"
        return self.answer(body.encode(), Content_Type="application/xml")

    # ---------------------------------------------------------------------------------------------------- behaviours

    def be_whole(self, name):
        """Ranges are ignored."""
        if (data := self.whole(name)) is not None:
            self.answer(data)

    def be_chunked(self, name, end=b"0\r\n\r\n"):
        """Neither ranges nor a length; the end is marked."""
        data = self.server.files[name]
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(data), 1000):
            piece = data[start : start + 1000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(end)
        self.close_connection = not end

    def be_chunkedcut(self, name):
        self.be_chunked(name, end=b"")

    def be_nolength(self, name):
        """As old servers do: the end of the connection is the end of the file, or of the server."""
        self.protocol_version = "HTTP/1.0"
        self.answer(self.server.files[name], Content_Length=None)
        self.close_connection = True

    def be_flaky(self, name):
        """Busy twice for each file, then well."""
        self.refuse(503) if self.count <= 2 else self.be_ok(name)

    def be_later(self, name):
        self.refuse(429, Retry_After="1") if self.count == 1 else self.be_ok(name)

    def be_busy(self, name):
        self.refuse(503)

    def be_broken(self, name):
        self.refuse(500)

    def be_reset(self, name):
        """The connection is cut the hard way."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.close()
        self.close_connection = True

    def be_resetonce(self, name):
        self.be_reset(name) if self.count == 1 else self.be_ok(name)

    def be_cut(self, name):
        """Half of the body of every answer is missing."""
        status, piece, headers = self.range(self.server.files[name])
        self.answer(piece[: len(piece) // 2], status, **{**headers, "Content_Length": str(len(piece))})
        self.close_connection = True

    def be_cutonce(self, name):
        self.be_cut(name) if self.count == 1 else self.be_ok(name)

    def be_cutwhole(self, name):
        data = self.server.files[name]
        self.answer(data[:-10], Content_Length=str(len(data)))
        self.close_connection = True

    def be_short(self, name):
        """Fewer bytes than asked for, honestly labelled; what is no error to HTTP would be rows lost to us."""
        data = self.server.files[name]
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"])
        start = int(found[1])
        if start == 0:
            return self.be_ok(name)
        piece = data[start : start + 10]
        return self.answer(piece, 206, Content_Range=f"bytes {start}-{start + len(piece) - 1}/{len(data)}",
                           ETag=f'"{hash(data)}"')  # fmt: skip

    def be_moved(self, name):
        """Other bytes from the second request on."""
        data = self.server.files[name]
        if self.count > 1:
            data = data.replace(b"1", b"2")
        status, piece, headers = self.range(data)
        self.answer(piece, status, **headers)

    def be_shrunk(self, name):
        data = self.server.files[name]
        status, piece, headers = self.range(data if self.count == 1 else data[: 150 << 10])
        self.answer(piece, status, **headers)

    def be_hang(self, name):
        """Silence, for as long as the server is there."""
        self.server.stop.wait()

    def be_stall(self, name):
        """Some of the body, then silence for as long as the server is there."""
        data = self.server.files[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:10])
        self.server.stop.wait()

    def be_denied(self, name):
        self.refuse(403)

    def be_onlyzip(self, name):
        """A store whose other objects get another answer."""
        if not name:
            return self.be_bucket(name) if "list-type" in self.path else self.answer(b"")
        return self.be_ok(name) if name.endswith(".zip") else self.refuse(self.server.status)

    def be_login(self, name):
        if self.headers.get("Authorization", "").startswith("Basic "):
            return self.be_ok(name)
        return self.refuse(401)

    def be_redirect(self, name):
        self.refuse(302, Location=f"/ok/{name}?token=inner")

    def be_tofile(self, name):
        self.refuse(302, Location="file:///etc/passwd")

    def be_circle(self, name):
        self.refuse(302, Location=self.path)

    def be_html(self, name):
        self.answer(b"<!DOCTYPE html><html>please log in</html>")

    def be_gzipped(self, name):
        """Compressed although identity was asked for."""
        import gzip

        self.answer(gzip.compress(self.server.files[name]), Content_Encoding="gzip")

    def be_brotli(self, name):
        self.answer(b"\x8b\x03\x80", Content_Encoding="br")

    def be_slow(self, name):
        time.sleep(0.05)
        self.be_ok(name)
