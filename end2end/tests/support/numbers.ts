import { randomInt } from 'node:crypto';

/** A Norwegian organisation number with the right check digit, of nobody in the demo. */
export function organisationNumber(): string {
  return checked(() => `8${digits(7)}`, [3, 2, 7, 6, 5, 4, 3, 2]);
}

/** A Norwegian account number with the right check digit. */
export function accountNumber(): string {
  return checked(() => `8601${digits(6)}`, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
}

/** The IBAN of a Norwegian account number. */
export function iban(account: string): string {
  // The country's letters are numbers from ten on; the check digits make the remainder 1.
  const remainder = Number(BigInt(`${account}232400`) % 97n);
  return `NO${`${98 - remainder}`.padStart(2, '0')}${account}`;
}

/** A name that no other test uses. */
export function unique(name: string): string {
  return `${name} ${digits(6)}`;
}

function digits(count: number): string {
  return Array.from({ length: count }, () => randomInt(10)).join('');
}

/** Modulo 11; a stem that has no check digit is none. */
function checked(stem: () => string, weights: number[]): string {
  for (;;) {
    const tried = stem();
    const sum = weights.reduce((sum, weight, at) => sum + weight * Number(tried[at]), 0);
    const check = (11 - (sum % 11)) % 11;
    if (check < 10) return `${tried}${check}`;
  }
}
