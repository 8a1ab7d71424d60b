import { keyIdOf } from '../../evidence/keys.ts';
import type { Overall } from '../../model/outcome.ts';
import type { Report } from '../../model/report.ts';
import type { Text } from '../../model/text.ts';
import { holdsFor } from '../text/standing.ts';
import type { Trust } from './trust.ts';

/** Why a pass is none for this reader, though everything in the bundle holds. */
export const UNVOUCHED = {
  controller_unvouched: {
    zh: '未提供信任文件：控制器密钥取自证据包本身，其持有人的声明无人担保',
    en: 'no trust file: the controller’s key is the bundle’s own, and nobody vouches for what its holder declares',
  },
  self_test_unvouched: {
    zh: '自测所用的控制器密钥不在您的信任文件中',
    en: 'the controller’s key of this self-test is not in your trust file',
  },
} as const satisfies Record<string, Text>;
export type UnvouchedCode = keyof typeof UNVOUCHED;

/** Who held the controller's key, by the signed plan, and whose key it is by the reader's own trust file. */
export type Vouched = Report['controller'] & {
  /** The name that the trust file gives to the key. Where there is none, the declaration is not believed. */
  readonly trustedAs?: string;
  /** For whom the result holds. */
  readonly holdsFor: Text;
};

/** What a trust file says of a controller. */
export function vouch(controller: Report['controller'], trust: Trust | undefined): Vouched {
  const party = trust?.controllers.find(({ publicKey }) => keyIdOf(publicKey) === controller.keyId);
  return { ...controller, ...(party ? { trustedAs: party.name } : {}), holdsFor: holdsFor(controller) };
}

/**
 * Why a judgement is not believed by this reader; undefined where it is. Nobody has to be trusted for a fail: no holder
 * of a key gains by it.
 */
export function unvouched(judged: Overall, by: Vouched, trust: Trust | undefined): UnvouchedCode | undefined {
  if (by.trustedAs !== undefined || judged === 'not_passed' || judged === 'cannot_tell') return undefined;
  return trust ? 'self_test_unvouched' : 'controller_unvouched';
}
