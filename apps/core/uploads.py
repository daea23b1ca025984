"""How much one request may bring: looked at before its body is read, so that a disk is not filled with refusals."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from apps.core.errors import BadInput, DomainError
from apps.core.pages import error_page


class BodyTooLarge(DomainError):
    code = "body_too_large"
    status = 413

    def __init__(self, limit: int) -> None:
        size = f"{limit / 2**20:,.0f} MiB" if limit >= 2**20 else f"{limit:,} bytes"
        super().__init__(f"This takes at most {size} at once. Send it in parts.")


def check_length(request: HttpRequest, *, limit: int) -> None:
    """Raises `BodyTooLarge` where the body the request announces is longer."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
        raise BodyTooLarge(limit)


CHUNK = 256 * 1024


@contextmanager
def spooled(request: HttpRequest) -> Iterator[IO[bytes]]:
    """The request's body as a file that can be read from any place; raises `BadInput` where it ended early."""
    expected, got = int(request.META.get("CONTENT_LENGTH") or 0), 0
    if not expected:
        raise BadInput(
            "The body is empty, or has no Content-Length. Send the rows as the body.",
            field="body",
        )
    with tempfile.TemporaryFile() as file:
        while chunk := request.read(CHUNK):
            got += len(chunk)
            file.write(chunk)
        if got < expected:
            raise BadInput(
                f"The body ended after {got:,} of {expected:,} bytes. Send it again.", field="body"
            )
        file.seek(0)
        yield file


class UploadLimitMiddleware:
    """Refuses files that are too large before Django spools them; the API looks for itself and answers in JSON."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            try:
                check_length(request, limit=settings.MAX_UPLOAD_BYTES)
            except BodyTooLarge as error:
                return error_page(request, error)
        return self.get_response(request)
