// The formats of an export by name, apart from what makes them: a command's help loads no more than this.

export const exportFormats = ['jsonl', 'csv', 'focus'] as const
export type ExportFormat = (typeof exportFormats)[number]
