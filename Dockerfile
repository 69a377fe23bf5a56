# Fairlap as a container: `docker build -t fairlap .`, then see docs/serving.md.
#
# Two stages: what pip needs to install stays out of the image. Layers are in the order of how seldom they change: system,
# pinned requirements, source. A change of the source does not install anything again.

ARG PYTHON_VERSION=3.12

FROM python:${PYTHON_VERSION}-slim-bookworm AS environment
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/
RUN /opt/venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check -r /tmp/requirements.txt
# More packages, such as the driver of a database: --build-arg EXTRA_PACKAGES='psycopg[binary]==3.3.9'
ARG EXTRA_PACKAGES=""
RUN [ -z "$EXTRA_PACKAGES" ] \
    || /opt/venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check $EXTRA_PACKAGES

FROM python:${PYTHON_VERSION}-slim-bookworm
# No compiler: Numba and Ray need none. Only the comparison with STREAM in C needs gcc, and says so.
# tini is the first process of the container. It passes signals on, and removes ended processes that have no parent left.
# Debian removes old versions of its packages, so a pinned one could not be installed for long.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --create-home fairlap \
    && install --directory --owner=fairlap --group=fairlap /data
COPY --from=environment /opt/venv /opt/venv
WORKDIR /app
COPY LICENSE ./
COPY .streamlit/config.toml .streamlit/
COPY assets assets/
COPY deploy/check_health.py deploy/
COPY workloads workloads/
COPY bench bench/
COPY ui ui/
COPY pages pages/
COPY app.py ./
# The user of the container cannot write here, so Python could not keep what it compiles.
RUN /opt/venv/bin/python -m compileall -q .
# All addresses of the container: who reaches them is decided by what is published. So the dashboard is served to strangers.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    FAIRLAP_HOME=/data \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501
USER 10001:10001
VOLUME /data
EXPOSE 8501
# Seldom, and without site packages: the check must not disturb a measurement.
HEALTHCHECK --interval=60s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-I", "-S", "deploy/check_health.py"]
ENTRYPOINT ["tini", "--"]
CMD ["python", "-m", "streamlit", "run", "app.py"]
