# losscli alone: docker build -t losscli . && docker run --rm -v "$PWD:/data:ro" losscli eval preds.csv -t y -p p -l rmse
FROM python:3.13-slim AS build
WORKDIR /source
COPY . .
ARG EXTRAS=""
RUN python -m pip wheel --no-cache-dir --wheel-dir /wheels ".${EXTRAS:+[$EXTRAS]}"

FROM python:3.13-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    python -m pip install --no-cache-dir --no-index /wheels/*.whl \
    && useradd --create-home --uid 10001 losscli
USER 10001
WORKDIR /data
ENTRYPOINT ["losscli"]
CMD ["--help"]
