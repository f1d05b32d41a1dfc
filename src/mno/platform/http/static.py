"""The built web pages: one page for every address that is not an API, and its hashed assets, cached forever.

The folder is listed once at start, so a request can only ever name a file that was there: there is no path
to escape from. A compressed form is made at the first request and kept, or read where the build left one.
"""

import gzip
import mimetypes
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

_FOREVER = "public, max-age=31536000, immutable"
_ASK_FIRST = "no-cache"
_COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg+xml", "application/manifest+json")
_WORTH_COMPRESSING_BYTES = 1024
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>MachineNativeOps</title>
<body style="font-family: system-ui; margin: 4rem auto; max-width: 36rem; line-height: 1.5">
<h1>The web pages are not built</h1><p>The API runs. Build the pages with <code>make web</code> and start again.</p>"""


class WebPages:
    """Answers from the built pages in `folder`; without one, a page that says how to build them."""

    def __init__(self, folder: Path | None) -> None:
        self._files = {} if folder is None else _listed(folder)
        self._compressed: dict[str, bytes] = {}

    def respond(self, request: Request) -> Response:
        """The file of that name, else the page itself: its router knows the address."""
        name = request.url.path.lstrip("/")
        if name in self._files and name != "index.html":
            return self._file(request, name)
        if "index.html" not in self._files:
            return HTMLResponse(_NOT_BUILT)
        return self._file(request, "index.html")

    def has(self, path: str) -> bool:
        return path.lstrip("/") in self._files

    def _file(self, request: Request, name: str) -> Response:
        path = self._files[name]
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        headers = {"cache-control": _FOREVER if name.startswith("assets/") else _ASK_FIRST, "vary": "accept-encoding"}
        content = path.read_bytes()
        if "gzip" in request.headers.get("accept-encoding", "") and self._is_worth_it(kind, content):
            headers["content-encoding"] = "gzip"
            content = self._gzipped(name, content)
        return Response(content, media_type=kind, headers=headers)

    def _is_worth_it(self, kind: str, content: bytes) -> bool:
        return kind.startswith((*_COMPRESSIBLE, "text/javascript")) and len(content) >= _WORTH_COMPRESSING_BYTES

    def _gzipped(self, name: str, content: bytes) -> bytes:
        """Kept per file: there are as many as the build wrote. The page itself may be built anew under us."""
        if name == "index.html":
            return gzip.compress(content, mtime=0)
        if name not in self._compressed:
            self._compressed[name] = gzip.compress(content, mtime=0)
        return self._compressed[name]


def _listed(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
