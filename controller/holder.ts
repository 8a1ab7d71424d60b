import type { Controller } from '../model/controller.ts';
import type { Claims } from '../model/guide.ts';

/** What the holder is called where no claims name the customer. */
const OPERATOR = '平台运营方 the operator of the platform';
/** Most characters of a customer's name: outside the basic plane each of them counts twice in the plan's schema. */
const MOST = 100;

/**
 * The declaration of a controller that runs beside its own agents: a self-test, whatever anybody says. The holder is
 * the customer of the claims, else the operator.
 */
export function ownController(claims: Claims | undefined): Controller {
  const customer = [...(claims?.platform?.customer?.trim() ?? '')].slice(0, MOST).join('').trim();
  return { relation: 'self', holder: customer || OPERATOR };
}
