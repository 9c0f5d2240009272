# The service: `api`, `worker`, or any command of `longhand` (`migrate`, `doctor`, `dev`, …) but `setup`, by argument.
#
#   docker build -t longhand .
#   docker run --env-file settings longhand migrate
#   docker run --env-file settings --network host longhand api
#   docker run --env-file settings --network host -e LONGHAND_ROLES=brain longhand worker
#   docker run --env-file settings -v /srv/longhand:/data -e LONGHAND_DOCKER_DATA=/srv/longhand --network host \
#     -v /var/run/docker.sock:/var/run/docker.sock --group-add $(stat -c %g /var/run/docker.sock) \
#     -e LONGHAND_ROLES=hands longhand worker
#
# Settings name what all of them share: TEMPORAL_ADDRESS, DATABASE_URL, and LONGHAND_BLOBS, a bucket or a folder that is
# mounted into each. The api listens on loopback alone. The worker of the hands alone needs the socket, for its sandboxes:
# who has that is root on its host. `dev` needs TEMPORAL_ADDRESS here, for Temporal's server is not in the image; the packaged PostgreSQL is.
#
# The models of a cloud need its SDK, one or more of the optional peers in package.json, by name and version:
#   docker build -t longhand --build-arg PEERS="@anthropic-ai/bedrock-sdk@1.1.2" .
ARG BASE=node:22-bookworm-slim

FROM ${BASE} AS build
WORKDIR /longhand
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
ARG PEERS=""
# Without --save-prod npm takes them for the development dependencies of the same name, which are left out.
RUN npm run build && npm prune --omit=dev --ignore-scripts \
 && if [ -n "${PEERS}" ]; then npm install --no-save --save-prod --omit=dev --ignore-scripts ${PEERS}; fi
# Links libraries of the packaged PostgreSQL, which the service's user could not.
RUN node --input-type=module --eval "await (await import('./dist/dev/postgres-binaries.js')).findPostgresBinaries()"

FROM ${BASE}
ENV NODE_ENV=production LONGHAND_DATA=/data
WORKDIR /longhand
COPY --from=build /longhand/node_modules node_modules
COPY --from=build /longhand/dist dist
COPY --from=build /longhand/package.json package.json
COPY docker/service/entrypoint.sh /usr/local/bin/longhand
RUN mkdir /data && chown 1000:1000 /data
USER 1000:1000
VOLUME /data
ENTRYPOINT ["longhand"]
CMD ["--help"]
