/**
 * Execution providers that really ran, from a session's own profile (the JSON that ONNX Runtime writes): how many
 * nodes each of them executed. Undefined for what is no such profile, or shows no node.
 */
export function providersOf(profile: string): Record<string, number> | undefined {
  let events: unknown;
  try {
    events = JSON.parse(profile);
  } catch {
    return undefined;
  }
  if (!Array.isArray(events)) return undefined;
  const seen: Record<string, number> = {};
  for (const event of events as { cat?: unknown; name?: unknown; args?: { provider?: unknown } }[]) {
    if (event?.cat !== 'Node' || !String(event.name).endsWith('_kernel_time')) continue;
    const provider = event.args?.provider;
    if (typeof provider === 'string' && provider !== '') seen[provider] = (seen[provider] ?? 0) + 1;
  }
  return Object.keys(seen).length > 0 ? seen : undefined;
}
