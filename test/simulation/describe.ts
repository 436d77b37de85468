import type { Scenario } from './scenario.ts';
import type { TapRecord } from './tap.ts';

/** A scenario in a few words. */
export function titleOf({ level, profile, contactMode, registrarLists, phones, attacks }: Scenario): string {
  return `${profile.name}, ${level}, ${contactMode}, lists ${registrarLists}, ${phones.length} phones, ${attacks.length} attackers`;
}

/** One line of the trace for a datagram that was tapped, with what the model knows about it. */
export function describe({ kind, about, source }: TapRecord): string {
  const { transaction: t } = about;
  const contacts = t.removesAll
    ? '*'
    : t.contacts.map((c) => `${c.isRemoval ? '-' : ''}${c.contactId}`).join(' ');
  const head = `tap #${t.id} ${t.aor} ${t.attempt}`;
  if (about.kind === 'request') {
    const { credentials } = t;
    const nonce =
      credentials === undefined
        ? ''
        : ` nonce=${credentials.nonce} ${credentials.passwordIsRight ? 'right' : 'WRONG'}`;
    return `${head} ${kind} from ${source.text} [${contacts}] expires=${t.requestedSec} call=${t.callId.slice(0, 6)} cseq=${t.cseq}${nonce}`;
  }
  const { reply } = about;
  const listed = reply.listed.map((l) => `${l.contactId}=${l.toldSec}`).join(' ');
  const stale = reply.isStaleSaid ? ' stale' : '';
  const nonces = reply.nonces.length > 0 ? ` nonces=${reply.nonces.join()}` : '';
  return `${head} ${kind} ${reply.status} ${reply.verdict}${stale}${nonces} [${listed}]`;
}
