# How florist becomes an image: a file system with the app, its Python and the model in it, from which
# Docker starts containers. Docker reads this file from top to bottom. The commands:
#
#   docker build -t flower_api .                                serve the model in output/
#   docker build -t flower_api --build-arg MODEL=models/roses . serve another one
#                               --build-arg EXTRAS=heic         read HEIC, as phones write it
#   docker build -t florist-train --target train .              train without installing anything
#                                 --target train-gpu            the same, on an NVIDIA card
#
# docs/docker.md goes through it line by line.

# ---- base: where every stage begins -----------------------------------------------------------------

# Debian with Python, without compilers. An ARG is a value that `docker build --build-arg` can replace.
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE} AS base

# No .pyc files at run time (the image brings them along); modules only from where we say, never from
# the folder somebody happens to stand in; what is printed appears at once.
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/usr/app \
    PATH=/opt/venv/bin:$PATH

# Where the following lines, and later the app, run.
WORKDIR /usr/app

# ---- builder: install the libraries -------------------------------------------------------------------

# A stage of its own: what it leaves lying about (pip's cache, the lock file) never reaches the image.
FROM base AS builder

# An environment without pip in it: one folder, which the last stage takes over as a whole.
RUN python -m venv --without-pip /opt/venv

# Only the lock files, not the code yet: as long as they stay the same, Docker reuses what follows.
# EXTRAS adds to what serves: "heic" a decoder for phones' pictures, "postgres" a driver for PostgreSQL,
# "batch" what answers millions of pictures, in buckets, too; "heic postgres" both of these. Each has a lock file that holds it and all of serve.txt.
ARG EXTRAS=
COPY requirements/serve*.txt requirements/

# --no-deps          takes what the lock file lists and looks for nothing else; `pip check` sees that it fits
# --require-hashes   refuses a file that differs by one bit from the one that was tested
# --only-binary      no compiler is needed, and no setup script of a stranger runs
# --no-compile       see below
# type=cache         pip's downloads stay on your machine for the next build, outside the image
# type=secret        settings for machines behind a company's registry or certificate: see docs/docker.md;
#                    they are there while pip runs, and never in the image
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip.conf \
    --mount=type=secret,id=ca.pem \
    locks=requirements/serve.txt; for extra in $EXTRAS; do locks="$locks -r requirements/serve-$extra.txt"; done; \
    PIP_CONFIG_FILE=/run/secrets/pip.conf \
    pip --python /opt/venv/bin/python install --disable-pip-version-check --root-user-action=ignore \
        --no-deps --require-hashes --only-binary :all: --no-compile -r $locks \
 && pip --python /opt/venv/bin/python check

# A third of it is never loaded when an ONNX model runs on a CPU: OpenVINO's parts for GPUs and NPUs and
# their cache, its readers of other formats, its tools (which would also report their use to Intel);
# Pillow's fonts, which florist does not use, and AVIF, which it reads to train, not to serve; SQLAlchemy's fast paths, beside each of which lies
# the same in plain Python, and databases that it has no driver for here; Pygments' colours for 500
# programming languages; headers, type stubs and tests of all libraries.
RUN cd /opt/venv/lib/python3.*/site-packages \
 && rm -rf openvino/libs/libopenvino_intel_[gn]pu_* openvino/libs/cache.json \
           openvino/libs/libopenvino_auto_* openvino/libs/libopenvino_hetero_* \
           openvino/libs/libopenvino_tensorflow_* openvino/libs/libopenvino_pytorch_* \
           openvino/libs/libopenvino_paddle_* openvino/libs/libopenvino_gguf_* \
           openvino/libs/libopenvino_jax_* openvino/libs/libopenvino_c.* \
           openvino/frontend/[!_fo]*/ openvino/include openvino/cmake openvino/tools openvino_telemetry* \
           PIL/_avif* pillow.libs/libavif* PIL/_imagingft* pillow.libs/libharfbuzz* pillow.libs/libfreetype* \
           numpy/distutils numpy/f2py numpy/_core/_simd* numpy/_core/*_tests* \
           sqlalchemy/testing sqlalchemy/dialects/mssql sqlalchemy/dialects/mysql sqlalchemy/dialects/oracle \
           pygments/lexers/[a-z]*.py pygments/lexers/_*_builtins.py \
 && find sqlalchemy -name '*.so' -delete \
 && find . -type d -name tests -prune -exec rm -rf {} + \
 && find . \( -name '*.pyi' -o -name '*.a' -o -name '*.h' -o -name '*.c' \) -delete

# Python compiles what it imports, and keeps the result beside the source. In a container it could keep
# nothing, so it does that here: all that florist imports, and a third of what there is.
RUN PYTHONDONTWRITEBYTECODE= python -c "import flask_cors, flask_limiter, flask_wtf, gunicorn.app.base, \
      openvino, prometheus_client.multiprocess, rich.progress, rich.table, sqlalchemy.orm, \
      sqlalchemy.dialects.sqlite, uvicorn.protocols.http.httptools_impl; from PIL import Image; Image.init()"

# ---- code: florist itself -----------------------------------------------------------------------------

FROM base AS code
COPY src/florist florist
# Compiled ahead, so that a container starts fast though it can write nowhere. "Unchecked": nobody edits
# the source in there, and the result does not depend on the time of day.
RUN python -m compileall -q --invalidation-mode unchecked-hash florist

# ---- train: florist with Keras and TensorFlow -----------------------------------------------------------

# The part of it that serves: without the code that trains and that draws the demo's pictures.
FROM code AS serving-code
RUN rm -r florist/demo florist/training

# As above, with another lock file, and without the diet: a trainer is started seldom and stays at home.
FROM base AS train-builder
RUN python -m venv --without-pip /opt/venv
COPY requirements/train.txt requirements.txt
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip.conf \
    --mount=type=secret,id=ca.pem \
    PIP_CONFIG_FILE=/run/secrets/pip.conf \
    pip --python /opt/venv/bin/python install --disable-pip-version-check --root-user-action=ignore \
        --no-deps --require-hashes --only-binary :all: -r requirements.txt \
 && pip --python /opt/venv/bin/python check

# With CUDA, from NVIDIA's wheels. The driver comes from your machine when the container starts, through
# NVIDIA's Container Toolkit: docker run --gpus all ...
FROM train-builder AS train-gpu-builder
COPY requirements/train-gpu.txt requirements.txt
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip.conf \
    --mount=type=secret,id=ca.pem \
    PIP_CONFIG_FILE=/run/secrets/pip.conf \
    pip --python /opt/venv/bin/python install --disable-pip-version-check --root-user-action=ignore \
        --no-deps --require-hashes --only-binary :all: -r requirements.txt \
 && pip --python /opt/venv/bin/python check

# What both trainers share: florist, a folder of yours to work in, and one for downloaded weights.
FROM base AS trainer
COPY --from=code /usr/app/florist florist
RUN install --directory --owner=10001 --group=0 --mode=0770 /work /cache
ENV KERAS_HOME=/cache \
    MPLCONFIGDIR=/tmp
USER 10001:0
VOLUME ["/cache"]
WORKDIR /work
ENTRYPOINT ["python", "-m", "florist"]
CMD ["train", "--help"]

FROM trainer AS train-gpu
COPY --from=train-gpu-builder /opt/venv /opt/venv

FROM trainer AS train
COPY --from=train-builder /opt/venv /opt/venv

# ---- runtime: what serves, still without a model --------------------------------------------------------

FROM base AS runtime

# What installs software would help an intruder only.
RUN pip uninstall --yes --quiet --root-user-action=ignore pip setuptools wheel \
 && rm -rf /usr/lib/python3.*/ensurepip /usr/local/lib/python3.*/ensurepip

# The only folder that a container writes to: uploads and their database. Group 0 may do what the owner
# may, so that platforms which give every container a random user id (of group 0) can run it, too.
RUN install --directory --owner=10001 --group=0 --mode=0770 /data

# From what changes seldom to what changes often: Docker reuses every layer above the first change.
COPY --from=builder /opt/venv /opt/venv
COPY --from=serving-code /usr/app/florist florist

# What all of that is, with versions, for tools that know of weaknesses: a CycloneDX document.
RUN python -m florist.container.sbom /usr/share/doc/florist/sbom.cdx.json

# ---- model: what training wrote -------------------------------------------------------------------------

FROM runtime AS model
ARG MODEL=output
# The bind mount shows this one command your folder, as far as .dockerignore lets it through. florist copies
# what serving needs, after it has checked it: model.keras, and which pictures it was trained on, stay at home.
# Readable for everybody, as the app runs as nobody in particular; without the time of day, so that the same
# model makes the same layer.
RUN --mount=type=bind,target=/context \
    if [ ! -f "/context/$MODEL/manifest.json" ] && [ ! -f "/context/$MODEL/current" ]; then \
      echo "There is no model in '$MODEL': make one with 'make demo' or 'florist train DATASET'," \
           "or name its folder (one that .dockerignore lists) with --build-arg MODEL=FOLDER." >&2; \
      exit 1; \
    fi \
 && python -m florist.container.model "/context/$MODEL" model \
 && chmod -R a+rX,go-w model \
 && find model -exec touch --date=@0 {} +

# ---- serve: the image -----------------------------------------------------------------------------------

FROM runtime AS serve

# In a layer of its own, and the last one: with a new model, only this one is stored and sent anew.
COPY --from=model /usr/app/model model

# What florist reads at its start: docs/serving.md lists all of it. 0.0.0.0 is every address of the
# container, which nobody reaches until `docker run -p` publishes the port. The last three are for malloc, which
# would keep what a request of 16 MiB and its copies took, in a heap for each of several threads.
ENV FLORIST_MODEL=/usr/app/model \
    FLORIST_HOST=0.0.0.0 \
    FLORIST_UPLOADS=/data/uploads \
    MALLOC_MMAP_THRESHOLD_=4194304 \
    MALLOC_TRIM_THRESHOLD_=16777216 \
    MALLOC_ARENA_MAX=2

# Not root. A number, not a name, so that Kubernetes can tell that it is not.
USER 10001:0

# Kept when the container is replaced by a newer one, if you name it: -v florist-data:/data
VOLUME ["/data"]

# For people and tools: `docker run -p 5000:5000` opens it.
EXPOSE 5000

# What `docker stop` sends: florist finishes what it has begun, then ends.
STOPSIGNAL SIGTERM

# `docker ps` shows "healthy" once a model is loaded. The script asks /readyz.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-S", "florist/container/healthcheck.py"]

# Start without a shell in between, so that the signal reaches florist. `docker run flower_api predict ...`
# replaces the second line, and so runs another verb.
ENTRYPOINT ["python", "-m", "florist"]
CMD ["serve"]

# Who made what, for registries and scanners: https://github.com/opencontainers/image-spec.
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="florist" \
      org.opencontainers.image.description="An image classifier with a page and an API" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="MIT"
