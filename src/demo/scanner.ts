import type { Endpoint } from '../sip/address.ts';
import { Header } from '../sip/headers.ts';
import { readChallenge, writeCredentials } from './credentials.ts';
import type { Phone } from './phone.ts';
import { headerOf, headersOf, readReceived } from './received.ts';
import { hexDigits, registrarUri, writeRegister } from './register-message.ts';

export interface ScannerSettings {
  readonly domain: string;
  readonly local: Endpoint;
  readonly firstAtMs: number;
  /** From one extension to the next. */
  readonly everyMs: number;
  /** The extensions that it tries, one after the other, over and over. */
  readonly extensions: readonly string[];
  /** The one password that it tries where an extension seems to exist. */
  readonly guess: string;
  readonly random: () => number;
}

/** Tries extensions the way that svwar does: one packet each, never sent again, a new Call-ID every time. */
export class Scanner implements Phone {
  nextAtMs: number;
  private readonly settings: ScannerSettings;
  private tried = 0;
  private callId = '';
  private cseq = 0;

  constructor(settings: ScannerSettings) {
    this.settings = settings;
    this.nextAtMs = settings.firstAtMs;
  }

  tick(nowMs: number): Uint8Array | undefined {
    if (nowMs < this.nextAtMs) return undefined;
    this.nextAtMs = nowMs + this.settings.everyMs;
    this.tried++;
    this.callId = hexDigits(this.settings.random, 16);
    this.cseq = 0;
    return this.write(undefined);
  }

  /** A challenge means that the extension may exist: one guess, then on. */
  receive(bytes: Uint8Array): Uint8Array | undefined {
    const response = readReceived(bytes);
    if (response?.status !== 401 || headerOf(response, Header.CALL_ID) !== this.callId || this.cseq !== 1) {
      return undefined;
    }
    const challenge = readChallenge(headersOf(response, Header.WWW_AUTHENTICATE));
    if (challenge === undefined) return undefined;
    const { realm, nonce, algorithm, qop } = challenge;
    return this.write(
      writeCredentials({
        algorithm,
        username: this.extension,
        realm,
        password: this.settings.guess,
        method: 'REGISTER',
        uri: registrarUri(this.settings.domain),
        nonce,
        qop: qop === 'auth' ? { nonceCount: '00000001', clientNonce: '0' } : undefined,
      }),
    );
  }

  /** Attackers don't notice a restart. */
  registerAgain(): void {}

  private get extension(): string {
    const { extensions } = this.settings;
    return extensions[(this.tried - 1) % extensions.length] ?? '100';
  }

  private write(authorization: string | undefined): Uint8Array {
    const { domain, local, random } = this.settings;
    this.cseq++;
    return writeRegister({
      user: this.extension,
      domain,
      local,
      branch: `z9hG4bK${hexDigits(random, 16)}`,
      callId: this.callId,
      fromTag: hexDigits(random, 8),
      cseq: this.cseq,
      expiresSec: 60,
      userAgent: 'friendly-scanner',
      authorization,
    });
  }
}
