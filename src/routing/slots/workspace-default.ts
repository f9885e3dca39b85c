// Slot 6: the default model of the key's workspace.
import type { Slot } from '../slot.ts'

export const workspaceDefault: Slot = {
  policy: 'workspace_default',
  propose(request, { config }) {
    const { workspace } = request.principal
    const model = workspace === null ? undefined : modelOf(workspace, config.workspaceModels)
    return model === undefined
      ? { model: null, reason: 'the workspace has no default model' }
      : { model, reason: "the workspace's default model" }
  },
}

/** Of the longest path that contains the workspace. */
function modelOf(workspace: string, models: Readonly<Record<string, string>>): string | undefined {
  let longest = ''
  let model: string | undefined
  for (const [path, named] of Object.entries(models)) {
    if (path.length <= longest.length || !contains(path, workspace)) continue
    longest = path
    model = named
  }
  return model
}

function contains(path: string, workspace: string): boolean {
  return workspace === path || workspace.startsWith(path.endsWith('/') ? path : `${path}/`)
}
