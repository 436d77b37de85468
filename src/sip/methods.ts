/** The methods of RFC 3261 and its extensions; anything else is 'other' and is forwarded all the same (§16.3). */
export const METHODS = [
  'REGISTER',
  'INVITE',
  'ACK',
  'CANCEL',
  'BYE',
  'OPTIONS',
  'SUBSCRIBE',
  'NOTIFY',
  'MESSAGE',
  'PUBLISH',
  'INFO',
  'REFER',
  'UPDATE',
  'PRACK',
  'other',
] as const;

export type Method = (typeof METHODS)[number];
