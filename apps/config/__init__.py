"""Settings, URLs, WSGI, and what starts the product on one machine."""
