/** The image of sandboxes unless the configuration names another. The number counts changes to docker/sandbox/Dockerfile. */
export const DEFAULT_IMAGE = 'longhand-sandbox:1'
/** The one with languages and package managers, of docker/sandbox-full/Dockerfile. */
export const FULL_IMAGE = 'longhand-sandbox-full:1'
