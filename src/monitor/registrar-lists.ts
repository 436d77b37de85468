import { Endpoint } from '../sip/address.ts';

/** Registrars that are told apart; a further one shares the last one's record. */
export const MAX_REGISTRARS = 64;

/** So often two contacts of one AOR must have left each other out, each alive, before it is no chance. */
export const MIN_LEFT_OUT = 3;

/** What the 200s of one registrar have shown so far. */
export class RegistrarRecord {
  readonly address: Endpoint;
  /** It listed a contact that the request did not carry: proof that it lists others. */
  listsOthers = false;
  /** A binding that was missing from its list turned out to be alive. */
  missedOne = false;
  /** Bindings that came back, in a list that again left out another one with time left. */
  leftOut = 0;

  constructor(address: Endpoint) {
    this.address = new Endpoint().copyFrom(address);
  }
}

/**
 * Whether a binding's absence from a 200 means that it is gone. RFC 3261 §10.3 has registrars list every
 * binding; some list only the request's own. `auto` takes each registrar at the RFC's word until a binding
 * that its list left out is refreshed as alive, or a second contact of an AOR is never listed; and again once
 * it has been seen listing others.
 */
export class RegistrarLists {
  private readonly mode: 'auto' | 'all' | 'own';
  private readonly records: RegistrarRecord[] = [];

  constructor(mode: 'auto' | 'all' | 'own') {
    this.mode = mode;
  }

  of(address: Endpoint): RegistrarRecord {
    for (const record of this.records) if (record.address.sameAs(address)) return record;
    if (this.records.length === MAX_REGISTRARS) return this.records[MAX_REGISTRARS - 1]!;
    const record = new RegistrarRecord(address);
    this.records.push(record);
    return record;
  }

  absenceProves(record: RegistrarRecord): boolean {
    if (this.mode !== 'auto') return this.mode === 'all';
    return record.listsOthers || !record.missedOne;
  }

  /** True while it is still to be found out whether its lists are whole. */
  mayErr(record: RegistrarRecord): boolean {
    return this.mode === 'auto' && !record.listsOthers;
  }

  /**
   * A binding that a list left out came back before its grant ended, and the list with it left out another one
   * that has time left. By itself that may be two phones that push each other out; phones with a new Call-ID
   * each time give no better sign. True where this changes what we believe.
   */
  noteLeftOut(record: RegistrarRecord): boolean {
    record.leftOut++;
    return record.leftOut >= MIN_LEFT_OUT && this.noteMissed(record);
  }

  /** A binding that a list left out was alive all along. True where this changes what we believe. */
  noteMissed(record: RegistrarRecord): boolean {
    const believed = this.absenceProves(record);
    record.missedOne = true;
    return believed && !this.absenceProves(record);
  }
}
