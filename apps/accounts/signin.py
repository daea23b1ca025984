"""Sends who is signed out to sign in, and afterwards back to a page: never to where a form was sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from apps.core.pages import way_back


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Wraps a view that only takes people who are signed in.

    htmx follows the redirect too: static/js/requests.js and the desk know the sign-in page by its address, and
    keep the form that is on screen.
    """

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        following = request.get_full_path() if request.method in {"GET", "HEAD"} else way_back(request)
        return redirect_to_login(following)

    return inner
