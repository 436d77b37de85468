/**
 * Where the programs of one test listen. Each test file has a third octet of its own, so that test files never
 * meet, not even in what the kernel still holds of the one before.
 */
export interface Addresses {
  readonly registrar: string;
  readonly rollcall: string;
  readonly prometheus: string;
  /** Phone 1 to 99. */
  phone(number: number): string;
}

/** @param octet the third of 127.77.x.y, 0 to 255 */
export function addressesOf(octet: number): Addresses {
  const at = (last: number): string => `127.77.${octet}.${last}`;
  return {
    registrar: at(10),
    rollcall: at(20),
    prometheus: at(40),
    phone: (number) => at(100 + number),
  };
}

export const SIP_PORT = 5060;
