import { canonicalize } from '../../evidence/canonical.ts';
import { Report } from '../../model/report.ts';

/** JSON Schema of `report.json`, shipped with every bundle. */
export function reportSchema(): string {
  const schema = JSON.parse(JSON.stringify(Report)) as Record<string, unknown>;
  return `${canonicalize({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://assay.dev/report/v1/schema.json',
    title: 'Assay report',
    ...schema,
  })}\n`;
}
