"""Crashes are reported to Sentry, without what people said and without secrets."""

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CRASH = """
import sys
from config.crashes import report_to
report_to(sys.argv[1])
def answer(question):
    raise RuntimeError("refused with api_key=sk-proj-abc123def456ghi789jkl012")
try:
    answer("my dog is called Canary")
except RuntimeError as error:
    import sentry_sdk
    sentry_sdk.capture_exception(error)
sentry_sdk.flush(10)
"""


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    """An address that takes reports, and what it was sent."""
    received: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://key@127.0.0.1:{server.server_port}/1", received
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_crash_is_reported_without_secrets_and_without_what_was_said(receiver):
    dsn, received = receiver

    subprocess.run([sys.executable, "-c", CRASH, dsn], cwd=ROOT, check=True, timeout=60)

    reports = b"".join(received)
    assert b"RuntimeError" in reports
    assert b"[masked]" in reports
    assert b"sk-proj" not in reports
    assert b"Canary" not in reports
