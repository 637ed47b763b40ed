# A release pins its base images by digest (FROM python:3.11-slim@sha256:…), so that what was tested is what runs; so does compose.yaml.
# It listens on 127.0.0.1 until RESPONDER_HOST says otherwise, which needs a token and a password: compose.yaml sets all three.
# Two stages: the first installs, the second runs as nobody in particular, also on a read-only root (data lives in /data).
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.lock build.lock ./
RUN python -m venv /opt/responder \
 && /opt/responder/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
 && pip install --no-cache-dir --require-hashes -r build.lock
COPY pyproject.toml README.md LICENSE ./
COPY responder ./responder
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /build/wheel . \
 && /opt/responder/bin/pip install --no-cache-dir --no-deps /build/wheel/*.whl

FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin responder \
 && install -d -o responder -g responder -m 0700 /data
COPY --from=build /opt/responder /opt/responder
COPY rules.yaml /etc/responder/rules.yaml
ENV PATH=/opt/responder/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    RESPONDER_DATA_DIR=/data \
    RESPONDER_RULES=/etc/responder/rules.yaml \
    RESPONDER_LOG_FORMAT=json
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=6s --start-period=20s \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('RESPONDER_PORT', '8000') + '/readyz', timeout=5)"]
ENTRYPOINT ["responder"]
CMD ["run"]
