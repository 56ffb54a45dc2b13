# One image for the api, the worker and the migration: they differ by their command. Node runs the TypeScript as it stands, so there is no build.
FROM node:24-slim

WORKDIR /app
ENV NODE_ENV=production
# Half of V8's own, so that a process stays under 300 MB: ARCHITECTURE.md, "Little garbage".
ENV NODE_OPTIONS=--max-semi-space-size=32
RUN npm install --global --no-audit --no-fund pnpm@12.21.0

# The manifests first: as long as they stay the same, the layer with the dependencies does too.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY packages/core/package.json packages/core/
COPY packages/db/package.json packages/db/
COPY packages/audit/package.json packages/audit/
COPY packages/durability/package.json packages/durability/
COPY packages/failpoints/package.json packages/failpoints/
COPY packages/log/package.json packages/log/
COPY packages/telemetry/package.json packages/telemetry/
COPY packages/redis/package.json packages/redis/
COPY packages/tls/package.json packages/tls/
COPY apps/api/package.json apps/api/
COPY apps/worker/package.json apps/worker/
# No `pnpm deploy`: it copies the packages into node_modules, where Node refuses to strip types.
RUN pnpm install --frozen-lockfile --prod --filter '@flashlane/api...' --filter '@flashlane/worker...'

COPY packages packages
COPY apps apps

USER node
EXPOSE 3000
CMD ["node", "apps/api/src/main.ts"]
