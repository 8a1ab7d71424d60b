import type { Row, RowFault } from './definition.ts';
import { bareSameness, sameness } from './sameness.ts';

/** Codes and names of the organisations that counted: each name belongs to one code, and each code to one name. */
export class Parties {
  private readonly byCode = new Map<string, { name: string; row: number }>();
  private readonly byName = new Map<string, { code: string; row: number }>();

  /** What is wrong with a row about an organisation, held against the rows that counted before it. */
  fault(values: Row): RowFault | undefined {
    const byName = this.byName.get(sameness(values.name!));
    if (byName && byName.code !== values.code) {
      const detail = `${byName.row}: ${byName.code} ≠ ${values.code}, ${values.name}`;
      return { column: 'name', code: 'name_codes', detail };
    }
    const byCode = this.byCode.get(values.code!);
    if (byCode && bareSameness(byCode.name) !== bareSameness(values.name!)) {
      const detail = `${byCode.row}: ${byCode.name.slice(0, 20)} ≠ ${values.name}`;
      return { column: 'code', code: 'code_names', detail };
    }
    return undefined;
  }

  /** Keeps a row that counts. */
  add(values: Row, row: number): void {
    if (!this.byCode.has(values.code!)) this.byCode.set(values.code!, { name: values.name!, row });
    this.byName.set(sameness(values.name!), { code: values.code!, row });
  }
}
