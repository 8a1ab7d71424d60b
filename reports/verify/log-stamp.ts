import { strictBase64 } from '../../evidence/envelope.ts';
import { mismatchOf, readTimestamp } from '../../evidence/timestamp.ts';
import type { LogEntry } from '../../model/log.ts';
import { type Flaw, flaw } from './defect.ts';

/**
 * A stamp in the log: when it was asked for and recorded by the controller's wall clock, and what the authority says.
 */
export interface LogStamp {
  readonly of: 'plan' | 'log';
  readonly sha256: string;
  readonly askedAt: string;
  readonly at: string;
  readonly genTime: string;
  readonly response: Uint8Array;
}

/**
 * Reads what an authority said. Whether the stamp bears its digest is checked; whether the authority is one to believe
 * is for the reader's trust file to say, and changes nothing of what the log gives.
 */
export function readLogStamp(entry: Extract<LogEntry, { kind: 'stamp' }>): LogStamp | Flaw {
  const { of, sha256, askedAt, at } = entry;
  const response = strictBase64(entry.response);
  if (!response) return flaw('stamp_invalid', `the stamp of the ${of} is not strict base64`);
  try {
    const stamp = readTimestamp(response);
    const mismatch = mismatchOf(stamp, sha256);
    if (mismatch) return flaw('stamp_other', `the stamp of the ${of} is ${mismatch}`);
    return { of, sha256, askedAt, at, genTime: stamp.genTime, response };
  } catch (error) {
    return flaw('stamp_invalid', `the stamp of the ${of}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
