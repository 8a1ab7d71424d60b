/** Prints every skipped test with its name and the closing line; exits 1 if anything failed or nothing ran. */
import { readFileSync } from 'node:fs';

interface Result {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const [path = '', status = '1'] = process.argv.slice(2);
const result = JSON.parse(readFileSync(path, 'utf8')) as Result;
const skipped = result.testResults.flatMap((file) =>
  file.assertionResults.filter((test) => test.status !== 'passed' && test.status !== 'failed'),
);
for (const test of skipped) console.log(`skipped: ${test.fullName}`);
// A file that does not load has no failed test in it; it is a failure all the same, and so are types and style.
const unloaded = result.testResults.filter(
  (f) => f.status === 'failed' && f.assertionResults.every((t) => t.status !== 'failed'),
);
const failed = result.numFailedTests + unloaded.length;
const other = failed === 0 && status !== '0' ? 1 : 0;
console.log(`${result.numPassedTests} passed, ${failed + other} failed, ${skipped.length} skipped`);
process.exitCode = failed + other > 0 || result.numPassedTests === 0 ? 1 : 0;
