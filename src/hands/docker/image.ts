/** The image of sandboxes unless the configuration names another. The number counts changes to docker/sandbox/Dockerfile. */
export const DEFAULT_IMAGE = 'longhand-sandbox:1'
