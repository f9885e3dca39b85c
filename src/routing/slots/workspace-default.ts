// Slot 6: the default model of the key's workspace.
import type { Slot } from '../slot.ts'

export const workspaceDefault: Slot = {
  policy: 'workspace_default',
  propose(request, config) {
    const { workspace } = request.principal
    const named = workspace !== null && Object.hasOwn(config.workspaceModels, workspace)
    const model = named ? config.workspaceModels[workspace] : undefined
    return model === undefined
      ? { model: null, reason: 'the workspace has no default model' }
      : { model, reason: "the workspace's default model" }
  },
}
