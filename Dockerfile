# One image for web, worker, beat and the step before them; compose.yaml says which is which.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY requirements.txt .
RUN pip install --root-user-action ignore -r requirements.txt

COPY . .
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin plumbline \
    && mkdir -p var/files \
    && SECRET_KEY=only-for-collecting-the-static-files ENCRYPTION_KEY=only-for-collecting-the-static-files \
       python manage.py collectstatic --noinput --verbosity 0 \
    && chown -R plumbline var

USER plumbline
ENV HOST=0.0.0.0 PORT=8000
EXPOSE 8000
STOPSIGNAL SIGTERM

CMD ["sh", "-c", "exec python -m daphne -v 0 --no-server-name -b \"$HOST\" -p \"$PORT\" config.asgi:application"]
