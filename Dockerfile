# One file, two images: `web` without torch, `worker` with it (it also trains and runs beat).
#   docker build --target web -t whetstone-web .
#   docker build --target worker -t whetstone-worker .
# For GPUs pass pip's index configuration, or base the worker on an image that has torch 2.13.0.
FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 \
    STORE_URL=/srv/models_store WORK_DIR=/srv/scratch
RUN useradd --system --uid 10001 --create-home whetstone \
    && mkdir -p /srv/app /srv/models_store /srv/scratch \
    && chown whetstone /srv/models_store /srv/scratch
WORKDIR /srv/app
COPY requirements/ requirements/

FROM base AS web
RUN pip install -r requirements/web.txt -c requirements/constraints.txt
COPY . .
# collecting needs no servers, but settings name some
RUN SECRET_KEY=collecting DATABASE_URL=postgres://nowhere/none BROKER_URL=redis://nowhere \
    python manage.py collectstatic --noinput --verbosity 0 && python -m whitenoise.compress --quiet var/static
USER whetstone
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8000), 3).close()"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--blocking-threads", "8", "--respawn-failed-workers", "apps.config.wsgi:application"]

FROM base AS worker
ARG TORCH_INDEX=""
RUN PIP_EXTRA_INDEX_URL="$TORCH_INDEX" pip install -r requirements/worker.txt -c requirements/constraints.txt
COPY . .
USER whetstone
CMD ["celery", "-A", "workers.celery", "worker", "-Q", "default,mining", "--concurrency", "2", "--loglevel", "WARNING"]
