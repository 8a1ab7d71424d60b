import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Name that agents expect in the controller's certificate, whatever address they dial. */
export const CONTROLLER_NAME = 'controller.assay';

/** A certificate with its private key, PEM. */
export interface Credential {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** Issues the certificates of one controller and its agents. */
export interface Authority {
  readonly certificatePem: string;
  issue(commonName: string, role: 'controller' | 'agent'): Promise<Credential>;
}

/**
 * A certificate authority of its own, with a fresh ECDSA P-256 key that never leaves memory. Everything it issues ends
 * after `days`; agents' names are in the common name, and the controller takes a node's name from nowhere else.
 */
export async function createAuthority(now: Date, days: number): Promise<Authority> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const keys = await newKeys();
  // A clock that runs a little behind must not find the certificate not yet valid.
  const notBefore = new Date(now.getTime() - 3_600_000);
  const notAfter = new Date(now.getTime() + days * 86_400_000);
  const name = 'CN=Assay run authority';
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name,
    notBefore,
    notAfter,
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    certificatePem: root.toString('pem'),
    issue: async (commonName, role) => {
      const own = await newKeys();
      const usage = role === 'controller' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serial(),
        subject: [{ CN: [commonName] }],
        issuer: name,
        notBefore,
        notAfter,
        signingAlgorithm: ALGORITHM,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([usage]),
          new x509.SubjectAlternativeNameExtension([
            { type: 'dns', value: role === 'controller' ? CONTROLLER_NAME : 'agent.assay' },
          ]),
        ],
      });
      const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
      return {
        certificatePem: certificate.toString('pem'),
        privateKeyPem: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'),
      };
    },
  };
}

type KeyPair = webcrypto.CryptoKeyPair;

const newKeys = (): Promise<KeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<KeyPair>;

/** Positive 16-byte serial number (RFC 5280 section 4.1.2.2). */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x01;
  return bytes.toString('hex');
}
