"""S3 servers for the tests: moto's, which is right, and a small one that can be told to misbehave."""

from __future__ import annotations

import http.server
import importlib.util
import secrets
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maturekit.storage import ObjectStore

PASSWORD = "s3cr3t-of-the-tests"  # the tests look for it in every message
collect_ignore = ["s3_server.py"]  # a program: importing it starts a server
SERVER = Path(__file__).with_name("s3_server.py")


def options(endpoint):
    return {"endpoint": endpoint, "region": "us-east-1", "access_key_id": "tests", "secret_access_key": PASSWORD}


def needs(*packages):
    for package in packages:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"needs {package}, of the extras 'objects' and 'test'")


@pytest.fixture(scope="session")
def moto():
    """The address of moto's server, in a process of its own: its warnings are not ours."""
    needs("obstore", "moto", "flask")
    with subprocess.Popen(
        [sys.executable, SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        yield server.stdout.readline().strip()
        server.stdin.close()


@pytest.fixture
def bucket(moto):
    """The address of an empty bucket."""
    name = f"bucket-{secrets.token_hex(4)}"
    with urllib.request.urlopen(urllib.request.Request(f"{moto}/{name}", method="PUT")):  # our own server
        return f"s3://{name}"


@pytest.fixture
def store(moto, bucket):
    return ObjectStore(f"{bucket}/models", options=options(moto))


class Objects(http.server.ThreadingHTTPServer):
    """What a test may set before it sends anything, and look at afterwards."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects = {}  # name: bytes, writer, time
        self.requests = []  # method and name
        self.lock = threading.Lock()
        self.ignores_condition = False
        self.drops_metadata = False
        self.answers = []  # for the next requests: (status, body, whether to do the work first); status 0 hangs up
        self.loses_replies = False  # of every value that is created
        self.stopped = False
        self.late = 0.0
        self.cut = None  # how much of a value to send

    def store(self, prefix="models", **more):
        given = {"options": options(f"http://127.0.0.1:{self.server_port}"), "retries": 3, **more}
        return ObjectStore(f"s3://bucket/{prefix}", **given)

    def stop(self):
        self.stopped = True  # also for connections that are kept alive
        self.shutdown()
        self.server_close()

    def handle_error(self, *_):
        """A client that hangs up is no news."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def serve(self):
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        place, _, query = self.path.partition("?")
        name = urllib.parse.unquote(place).removeprefix("/bucket").removeprefix("/")
        time.sleep(server.late)
        if server.stopped:
            self.close_connection = True
            return
        with server.lock:
            server.requests.append(f"{self.command} {name or '?' + query.partition('&')[0]}")
            faulty = server.answers.pop(0) if server.answers else None
            answer = self.work(name, urllib.parse.parse_qs(query), body) if not faulty or faulty[2] else None
            if server.loses_replies and self.headers.get("If-None-Match") and answer[0] == 200:
                faulty = 500, b""
        if faulty and faulty[0] == 0:
            self.close_connection = True
            self.connection.close()
            return
        self.reply(*(faulty[:2] if faulty else answer))

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = serve  # noqa: N815  # the names that http.server calls

    def work(self, name, query, body):
        objects = self.server.objects
        if self.command == "POST":  # several at once
            names = [part.partition("</Key>")[0] for part in body.decode().split("<Key>")[1:]]
            for each in names:
                objects.pop(each, None)
            found = "".join(f"<Deleted><Key>{each}</Key></Deleted>" for each in names)
            return 200, f"<DeleteResult>{found}</DeleteResult>".encode()
        if not name:
            return 200, self.listing(query)
        if self.command == "PUT":
            conflict = name in objects if self.headers.get("If-None-Match") else False
            conflict |= self.headers.get("If-Match", self.tag(name)) != self.tag(name)
            if conflict and not self.server.ignores_condition:
                return 412, b"<Error><Code>PreconditionFailed</Code></Error>"
            writer = None if self.server.drops_metadata else self.headers.get("x-amz-meta-writer")
            objects[name] = body, writer, datetime.now(UTC)
            return 200, b""
        if name not in objects:
            return 404, b"<Error><Code>NoSuchKey</Code></Error>"
        if self.command == "DELETE":
            del objects[name]
            return 204, b""
        return 200, objects[name][0]

    def listing(self, query):
        prefix, after = query.get("prefix", [""])[0], query.get("start-after", [""])[0]
        names = sorted(name for name in self.server.objects if name.startswith(prefix) and name > after)
        folders = set()
        if "delimiter" in query:
            folders = {prefix + name[len(prefix) :].split("/")[0] + "/" for name in names if "/" in name[len(prefix) :]}
            names = [name for name in names if "/" not in name[len(prefix) :]]
        found = "".join(f"<Contents><Key>{name}</Key>{self.facts(name)}</Contents>" for name in names)
        found += "".join(f"<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>" for name in sorted(folders))
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode()

    def facts(self, name):
        data, _, moment = self.server.objects[name]
        return f"<Size>{len(data)}</Size><LastModified>{moment.isoformat()}</LastModified><ETag>{self.tag(name)}</ETag>"

    def tag(self, name):
        return f'"{hash(self.server.objects[name][0])}"' if name in self.server.objects else None

    def reply(self, status, body):
        name = urllib.parse.unquote(self.path.partition("?")[0]).removeprefix("/bucket/")
        self.send_response(status)
        if status == 200 and self.command in {"GET", "HEAD", "PUT"} and name in self.server.objects:
            _, writer, moment = self.server.objects[name]
            self.send_header("ETag", self.tag(name))
            self.send_header("Last-Modified", moment.strftime("%a, %d %b %Y %H:%M:%S GMT"))
            if writer:
                self.send_header("x-amz-meta-writer", writer)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: self.server.cut])
            self.close_connection |= self.server.cut is not None

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    """A server of one bucket that may be told to misbehave."""
    needs("obstore")
    with Objects() as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield serving
        serving.stop()
        thread.join()
