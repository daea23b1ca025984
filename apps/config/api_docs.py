"""The browsable page of the API: Swagger UI from our own static files, under our own content policy."""

from __future__ import annotations

from drf_spectacular.views import SpectacularSwaggerSplitView


class ApiDocs(SpectacularSwaggerSplitView):
    """Its script comes as a file of its own, and its template leaves out the inline style."""

    template_name = "accounts/api_docs.html"
