# The static binary and nothing else. Build it first, then the image:
#
#   make build && docker build -t ecomctl .
#   docker run --rm -v "$PWD:/data:ro" ecomctl sales orders.parquet --by month
FROM scratch
LABEL org.opencontainers.image.source="https://github.com/ecomctl/ecomctl" org.opencontainers.image.licenses="MIT"
COPY LICENSE NOTICE /
# folders that the user below may write to: temporary files, state (keys, history of the settings)
COPY --chown=65532:65532 scripts/services/docker/folder /tmp
COPY --chown=65532:65532 scripts/services/docker/folder /state
COPY bin/ecomctl /ecomctl
USER 65532:65532
ENV HOME=/state XDG_STATE_HOME=/state XDG_CONFIG_HOME=/state TMPDIR=/tmp
WORKDIR /data
VOLUME /state
EXPOSE 5000 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/ecomctl", "-q", "doctor", "--only", "page", "--page", "http://127.0.0.1:5000/healthz", "--timeout", "4s"]
ENTRYPOINT ["/ecomctl"]
CMD ["--help"]
