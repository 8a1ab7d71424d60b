/**
 * Reads an amount of money as whole millionths of its unit: at most 15 digits, thousands separated by commas in threes if at all,
 * at most six decimals. Nothing for a sign, a currency mark, an exponent or anything else.
 */
export function readAmount(text: string): bigint | undefined {
  const match = /^([0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.([0-9]{1,6}))?$/.exec(text);
  if (!match) return undefined;
  return BigInt(match[1]!.replaceAll(',', '')) * 1_000_000n + BigInt((match[2] ?? '').padEnd(6, '0'));
}
