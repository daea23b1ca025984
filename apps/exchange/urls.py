"""Pages of exchange."""

from __future__ import annotations

from django.urls import path

from apps.exchange.views import exports, imports, uploads, webhooks

app_name = "exchange"

urlpatterns = [
    path("p/<slug:slug>/imports/", imports.imports, name="imports"),
    path("p/<slug:slug>/imports/upload/", uploads.upload, name="upload"),
    path("p/<slug:slug>/imports/uploads/<int:upload_id>/", uploads.preview, name="preview"),
    path("p/<slug:slug>/imports/uploads/<int:upload_id>/start/", uploads.start, name="start"),
    path("p/<slug:slug>/imports/<int:run_id>/", imports.run, name="run"),
    path("p/<slug:slug>/imports/<int:run_id>/import/", uploads.import_now, name="import_now"),
    path("p/<slug:slug>/imports/<int:run_id>/problems.csv", imports.problems, name="problems"),
    path("p/<slug:slug>/imports/<int:run_id>/cancel/", imports.cancel, name="cancel"),
    path("p/<slug:slug>/imports/<int:run_id>/retry/", imports.retry, name="retry"),
    path("p/<slug:slug>/webhooks/", webhooks.webhooks, name="webhooks"),
    path("p/<slug:slug>/webhooks/make/", webhooks.make, name="make_webhook"),
    path("p/<slug:slug>/webhooks/<int:webhook_id>/", webhooks.webhook, name="webhook"),
    path("p/<slug:slug>/webhooks/<int:webhook_id>/change/", webhooks.change, name="change_webhook"),
    path("p/<slug:slug>/webhooks/<int:webhook_id>/rotate/", webhooks.rotate, name="rotate_webhook"),
    path("p/<slug:slug>/webhooks/<int:webhook_id>/test/", webhooks.send_test, name="test_webhook"),
    path("p/<slug:slug>/webhooks/<int:webhook_id>/off/", webhooks.switch_off, name="switch_off_webhook"),
    path("p/<slug:slug>/webhooks/<int:webhook_id>/on/", webhooks.switch_on, name="switch_on_webhook"),
    path("p/<slug:slug>/webhooks/<int:webhook_id>/delete/", webhooks.delete, name="delete_webhook"),
    path("p/<slug:slug>/webhooks/<int:webhook_id>/replay/", webhooks.replay, name="replay_all"),
    path(
        "p/<slug:slug>/webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/replay/",
        webhooks.replay,
        name="replay",
    ),
    path("p/<slug:slug>/exports/", exports.exports, name="exports"),
    path("p/<slug:slug>/exports/start/", exports.start, name="start_export"),
    path("p/<slug:slug>/exports/<int:run_id>/", exports.export, name="export"),
    path("p/<slug:slug>/exports/<int:run_id>/cancel/", exports.cancel, name="cancel_export"),
    path("p/<slug:slug>/exports/<int:run_id>/retry/", exports.retry, name="retry_export"),
    path("p/<slug:slug>/exports/<int:run_id>/remove/", exports.remove, name="remove_export"),
]
