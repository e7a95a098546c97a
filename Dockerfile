# The provider for production: `docker build -t caducee .`, then
#   docker run --env-file caducee.env caducee migrate
#   docker run --env-file caducee.env -p 127.0.0.1:4000:4000 --read-only caducee
# Nothing is written to the file system. With PostgreSQL and Redis beside it: deploy/compose; on Kubernetes: deploy/helm.
# The sandbox needs no container: npm start.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The bundler is a platform package, so all of those come; none goes further than this stage.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY config config
COPY views views
COPY src src
COPY scripts scripts
RUN npm run build

FROM node:24-slim AS application
WORKDIR /app
COPY package.json LICENSE ./
COPY config config
COPY migrations migrations
COPY views/assets views/assets
COPY --from=build /app/dist dist
COPY --from=build /app/.cache/phone .cache/phone
# The font is read as files; all other packages are in the bundle, with their licences.
COPY --from=build /app/node_modules/@fontsource/atkinson-hyperlegible node_modules/@fontsource/atkinson-hyperlegible
# Compiles once what every start would: what a process serves with, and what it loads when it is first needed.
ENV NODE_COMPILE_CACHE=/app/.cache/node
RUN node -e "Promise.all(fs.globSync('/app/dist/*-*.js').map((file) => import(file).catch(() => undefined))).then(() => process.exit(0))" \
    && node dist/cli.js serve --help > /dev/null

FROM node:24-slim
# What only builds has no place where keys are: neither package managers nor a way to fetch more.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn-* \
      /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
LABEL org.opencontainers.image.title="Caducée" \
      org.opencontainers.image.description="OpenID Connect provider for health professionals" \
      org.opencontainers.image.licenses="EUPL-1.2"
WORKDIR /app
COPY --from=application /app /app
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/app/.cache/node \
    CADUCEE_MODE=production \
    CADUCEE_LISTEN_HOST=0.0.0.0 \
    CADUCEE_LISTEN_PORT=4000
# Files belong to root: the process may read them, not change them.
USER node
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.CADUCEE_LISTEN_PORT}/livez`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/cli.js"]
CMD ["serve"]
