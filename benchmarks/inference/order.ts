import { SCENARIOS, type Scenario } from './scenario.ts';

type Settings = Readonly<Record<string, unknown>>;

/** A network to ask: one of ours by its id, or a file of the operator's by its name. */
export interface Network {
  readonly model: string;
  readonly file: string | undefined;
}

/** Networks that the settings ask for, in their order; a file goes by the last part of its path. */
export function networksOf(settings: Settings): Network[] {
  const list = (value: unknown) => (Array.isArray(value) ? value.map(String) : []);
  return [
    ...list(settings.models).map((model) => ({ model, file: undefined })),
    ...list(settings.files).map((file) => ({ model: file.split('/').at(-1) ?? file, file })),
  ];
}

/**
 * Scenarios to play, each once, SingleStream first: Server takes its first rate from it, so that it is played with
 * Server even where it was not asked for. Undefined where the settings name none.
 */
export function scenariosOf(settings: Settings): Scenario[] | undefined {
  const { scenarios } = settings;
  if (!Array.isArray(scenarios) || scenarios.length === 0) return undefined;
  const asked = SCENARIOS.filter((scenario) => scenarios.includes(scenario));
  return asked.includes('Server') && !asked.includes('SingleStream') ? ['SingleStream', ...asked] : asked;
}
