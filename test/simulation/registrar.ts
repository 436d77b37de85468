import type { Address } from './address.ts';
import { Challenges } from './challenges.ts';
import type { ListedFacts, ReplyFacts, TransactionFacts, Verdict } from './facts.ts';
import type { Kept } from './location.ts';
import { Location } from './location.ts';
import type { Field } from './messages.ts';
import { bytesOf, contactsOf, fieldsOf, fieldText, fieldTexts, textOf, uriOf } from './messages.ts';
import type { Network, Packet } from './network.ts';
import type { Prng } from './prng.ts';
import type { Profile } from './profiles.ts';
import type { Scheduler } from './scheduler.ts';

/** How a registrar is unwell: it answers everything so, or nothing at all. */
export type Mode =
  | 'well'
  | 'silent'
  | 'trying_only'
  | 'slow'
  | 'brief'
  | 302
  | 403
  | 404
  | 420
  | 480
  | 500
  | 503
  | 603;

/** A transaction layer remembers its answer for as long (RFC 3261 §17.2.2 Timer J). */
const REMEMBERS_MS = 32_000;
/** What `brief` asks for. */
const BRIEF_MIN_SEC = 150;

interface Draft {
  readonly status: number;
  readonly verdict: Verdict;
  readonly isStaleSaid?: boolean;
  readonly lines?: readonly string[];
  readonly nonces?: readonly string[];
  readonly listed?: readonly ListedFacts[];
  readonly minExpiresSec?: number;
  readonly retryAfterSec?: number;
}

/** A registrar of one profile. It reads the bytes that the proxy sent on, and knows the facts behind them. */
export class Registrar {
  mode: Mode = 'well';
  isDown = false;
  readonly location: Location;
  private readonly profile: Profile;
  private readonly scheduler: Scheduler;
  private readonly network: Network;
  private readonly prng: Prng;
  private readonly wallMs: () => number;
  private readonly address: Address;
  private readonly challenges: Challenges;
  private readonly answered = new Map<
    string,
    { readonly atMs: number; readonly packets: readonly Packet[] }
  >();

  constructor(
    profile: Profile,
    address: Address,
    scheduler: Scheduler,
    network: Network,
    prng: Prng,
    wallMs: () => number,
  ) {
    this.profile = profile;
    this.address = address;
    this.scheduler = scheduler;
    this.network = network;
    this.prng = prng;
    this.wallMs = wallMs;
    this.location = new Location(profile);
    this.challenges = new Challenges(profile, prng.fork('nonces'));
    network.attach(address, (packet) => this.receive(packet));
  }

  /** What was in memory is gone: transactions, the key of the nonces, and the bindings unless they were stored. */
  restart(bindings: 'kept' | 'lost'): void {
    this.answered.clear();
    this.challenges.rekey();
    if (bindings === 'lost') this.location.forgetAll();
  }

  private receive(packet: Packet): void {
    if (this.isDown || this.mode === 'silent' || packet.about.kind !== 'request') return;
    const { transaction } = packet.about;
    const fields = fieldsOf(textOf(packet.bytes));
    const key = branchOf(fields);
    const before = this.answered.get(key);
    const isRemembered = before !== undefined && this.scheduler.nowMs - before.atMs < REMEMBERS_MS;
    if (isRemembered && this.profile.retransmissions === 'same_reply') {
      for (const reply of before.packets) this.network.send('core', reply);
      return;
    }
    const drafts = this.handle(transaction, fields);
    const packets = drafts.map((draft) => this.reply(packet, transaction, fields, draft));
    this.answered.set(key, { atMs: this.scheduler.nowMs, packets });
    const delay = this.mode === 'slow' ? this.prng.between(300, 2500) : this.prng.between(0.2, 8);
    this.scheduler.in(delay, () => {
      if (!this.isDown) for (const reply of packets) this.network.send('core', reply);
    });
  }

  private handle(transaction: TransactionFacts, fields: readonly Field[]): readonly Draft[] {
    if (this.mode === 'trying_only') return [{ status: 100, verdict: 'mode' }];
    const final = this.final(transaction, fields);
    return this.prng.chance(0.05) ? [{ status: 100, verdict: 'mode' }, final] : [final];
  }

  private final(transaction: TransactionFacts, fields: readonly Field[]): Draft {
    if (typeof this.mode === 'number') return refusal(this.mode);
    const verdict =
      this.profile.authentication === 'none'
        ? transaction.userIsKnown
          ? 'accepted'
          : 'unknown_user'
        : this.challenges.judge(transaction, this.scheduler.nowMs);
    switch (verdict) {
      case 'accepted':
        return this.accept(transaction, fields);
      case 'wrong_password':
        return this.profile.wrongPassword === 403
          ? { status: 403, verdict }
          : this.challenge(transaction, verdict);
      case 'unknown_user': {
        const how = this.profile.unknownUser;
        if (how === 'challenge' && this.profile.authentication === 'digest')
          return this.challenge(transaction, verdict);
        return { status: how === 'challenge' ? 404 : how, verdict };
      }
      default:
        return this.challenge(transaction, verdict);
    }
  }

  private challenge(transaction: TransactionFacts, verdict: Verdict): Draft {
    const { saysStale, challengeStatus } = this.profile;
    const isStaleSaid =
      (verdict === 'nonce_expired' && saysStale !== 'never') ||
      (verdict === 'nonce_unknown' && saysStale === 'expired_or_unknown');
    const nonces = this.challenges.issue(transaction, this.scheduler.nowMs, this.wallMs());
    const header = challengeStatus === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    const lines = nonces.map((nonce, i) => {
      const algorithm = nonces.length > 1 && i === 0 ? 'SHA-256' : 'MD5';
      const stale = isStaleSaid ? ', stale=true' : '';
      return `${header}: Digest realm="lab", nonce="${nonce}"${stale}, algorithm=${algorithm}, qop="auth"`;
    });
    return { status: challengeStatus, verdict, isStaleSaid, lines, nonces };
  }

  private accept(transaction: TransactionFacts, fields: readonly Field[]): Draft {
    const { aor, contacts, requestedSec } = transaction;
    const nowMs = this.scheduler.nowMs;
    const isQuery = contacts.length === 0 && !transaction.removesAll;
    if (isQuery)
      return this.profile.query === 400
        ? { status: 400, verdict: 'refused' }
        : this.listing(transaction, fields);
    if (transaction.removesAll) {
      this.location.removeAll(aor);
      return this.listing(transaction, fields);
    }
    const isRegistering = contacts.some((contact) => !contact.isRemoval);
    const asksSec = requestedSec ?? this.profile.defaultExpiresSec;
    const minSec = this.mode === 'brief' ? BRIEF_MIN_SEC : this.profile.minExpiresSec;
    const refusesBrief = this.mode === 'brief' || this.profile.tooBrief === 423;
    if (isRegistering && refusesBrief && asksSec < minSec) {
      return { status: 423, verdict: 'too_brief', minExpiresSec: minSec, lines: [`Min-Expires: ${minSec}`] };
    }
    const grantedSec = Math.min(Math.max(asksSec, minSec), this.profile.maxExpiresSec);
    const raw = contactsOf(fields);
    for (let i = 0; i < contacts.length; i++) {
      const contact = contacts[i]!;
      const uri = uriOf(raw[i] ?? '');
      if (contact.isRemoval) {
        this.location.remove(aor, contact, uri, transaction, nowMs);
        continue;
      }
      const stored = this.location.store(contact, uri, transaction, grantedSec, nowMs);
      if (stored === 'bad_cseq') return { status: 400, verdict: 'refused' };
      if (stored === 'contact_limit') {
        return { status: this.profile.atLimit === 503 ? 503 : 403, verdict: 'contact_limit' };
      }
    }
    return this.listing(transaction, fields);
  }

  /** The Contacts of a 200, and what they tell. */
  private listing(transaction: TransactionFacts, fields: readonly Field[]): Draft {
    const nowMs = this.scheduler.nowMs;
    const { lists, toldLessSec, listsLastSecond, contactLines, expiresHeader } = this.profile;
    const isQuery = transaction.contacts.length === 0;
    const isStated = this.profile.expiresParam || isQuery;
    const shown = this.location
      .of(transaction.aor, nowMs)
      .filter((kept) => lists === 'all' || isOwn(kept, transaction))
      .map((kept) => ({ kept, leftSec: Math.floor((kept.expiresAtMs - nowMs) / 1000) - toldLessSec }))
      .filter(({ leftSec }) => leftSec > 0 || listsLastSecond)
      .map(({ kept, leftSec }) => ({ kept, toldSec: Math.max(leftSec, 0) }));
    const values = shown.map(({ kept, toldSec }) =>
      this.contactValue(kept, isStated ? `;expires=${toldSec}` : ''),
    );
    const echoed = this.echoed(transaction, fields);
    const all = [...values, ...echoed];
    const lines: string[] = [];
    if (contactLines === 'each') lines.push(...all.map((value) => `Contact: ${value}`));
    else if (all.length > 0) lines.push(`Contact: ${all.join(', ')}`);
    const ownSec = shown.find(({ kept }) => isOwn(kept, transaction))?.kept.grantedSec ?? 0;
    if (expiresHeader && !isQuery) lines.push(`Expires: ${ownSec}`);
    const listed = shown.map(({ kept, toldSec }) => ({
      contactId: kept.contactId,
      toldSec: isStated ? toldSec : ownSec,
      isStated,
    }));
    return { status: 200, verdict: 'accepted', lines, listed };
  }

  private contactValue(kept: Kept, expires: string): string {
    const instance = kept.instance === undefined ? '' : `;+sip.instance="${kept.instance}";reg-id=1`;
    const quoted = this.profile.quotedContactParam ? ';pub-gruu="sip:a,b;gr=urn:uuid:1, 2"' : '';
    return `<${kept.uri}>${expires}${quoted}${instance}`;
  }

  private echoed(transaction: TransactionFacts, fields: readonly Field[]): string[] {
    if (this.profile.echoesRemoved === 'never' || transaction.removesAll) return [];
    const raw = contactsOf(fields);
    const expires = this.profile.echoesRemoved === 'expires_0' ? ';expires=0' : ';expires=90';
    return transaction.contacts.flatMap((contact, i) =>
      contact.isRemoval ? [`<${uriOf(raw[i] ?? '')}>${expires}`] : [],
    );
  }

  private reply(
    request: Packet,
    transaction: TransactionFacts,
    fields: readonly Field[],
    draft: Draft,
  ): Packet {
    const vias = fieldTexts(fields, 'via');
    const stamp = this.profile.stampsVia ? `;rport=${request.from.port};received=${request.from.ip}` : '';
    const tag = this.profile.toTag === 'branch' ? branchOf(fields) : this.prng.hex(10);
    const to = fieldText(fields, 'to');
    const lines = [
      `SIP/2.0 ${draft.status} ${draft.verdict}`,
      `Via: ${vias[0] ?? ''}${stamp}`,
      ...vias.slice(1).map((via) => `Via: ${via}`),
      `From: ${fieldText(fields, 'from')}`,
      `To: ${to}${draft.status === 100 ? '' : `;tag=${tag}`}`,
      `Call-ID: ${fieldText(fields, 'call-id')}`,
      `CSeq: ${fieldText(fields, 'cseq')}`,
      ...(draft.lines ?? []),
      ...(draft.retryAfterSec === undefined ? [] : [`Retry-After: ${draft.retryAfterSec}`]),
      ...(this.profile.dateHeader ? [`Date: ${new Date(this.wallMs()).toUTCString()}`] : []),
      this.profile.serverHeader,
      'Content-Length: 0',
      '',
      '',
    ];
    const reply: ReplyFacts = {
      status: draft.status,
      verdict: draft.verdict,
      isStaleSaid: draft.isStaleSaid ?? false,
      nonces: draft.nonces ?? [],
      listed: draft.listed ?? [],
      minExpiresSec: draft.minExpiresSec,
      retryAfterSec: draft.retryAfterSec,
    };
    return {
      from: this.address,
      to: request.from,
      bytes: bytesOf(lines.join('\r\n')),
      about: { kind: 'response', transaction, reply },
    };
  }
}

function branchOf(fields: readonly Field[]): string {
  return /branch=([^;,\s]+)/.exec(fieldText(fields, 'via'))?.[1] ?? '';
}

function isOwn(kept: Kept, transaction: TransactionFacts): boolean {
  return transaction.contacts.some((contact) => !contact.isRemoval && contact.contactId === kept.contactId);
}

function refusal(status: number): Draft {
  const retryAfterSec = status === 503 ? 20 : undefined;
  const lines =
    status === 420 ? ['Unsupported: path'] : status === 302 ? ['Contact: <sip:elsewhere@10.9.9.9>'] : [];
  return { status, verdict: 'mode', lines, ...(retryAfterSec === undefined ? {} : { retryAfterSec }) };
}
