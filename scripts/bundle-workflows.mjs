// The build's last step: the workflows as one file beside the emitted code, so that no worker has to bundle them.
const built = new URL('../dist/activities/workflow-bundle.js', import.meta.url)
const { packageWorkflowBundle } = await import(built.href)
await packageWorkflowBundle()
