"""Every address of the product: pages by app, the API, sign-in, health."""

from __future__ import annotations

from allauth.account import views as allauth
from django.urls import include, path

from apps.accounts.views import with_mail
from apps.config.palette import palette
from apps.core.health import healthz
from apps.core.pages import favicon

handler400 = "apps.core.faults.bad_request"
handler403 = "apps.core.faults.forbidden"
handler404 = "apps.core.faults.not_found"
handler500 = "apps.core.faults.broken"

PROJECT_APPS = (
    "rounds",
    "annotation",
    "comments",
    "explore",
    "exchange",
    "mining",
    "datasets",
    "curricula",
    "training",
    "calibration",
    "projects",
)

urlpatterns = [
    path("accounts/password/reset/", with_mail(allauth.password_reset), name="account_reset_password"),
    path("accounts/email/", with_mail(allauth.email), name="account_email"),
    path("accounts/", include("allauth.urls")),
    path("you/", include("apps.accounts.urls")),
    path("api/v1/", include("apps.config.api_urls")),
    path("palette/", palette, name="palette"),
    path("healthz", healthz, name="healthz"),
    path("favicon.ico", favicon, name="favicon"),
    *(path("", include(f"apps.{app}.urls")) for app in PROJECT_APPS),
]
