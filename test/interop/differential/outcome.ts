/** What a proxy did with one datagram, in words that fit both. Messages are strings, one character per byte. */
export type Outcome =
  | { readonly kind: 'forwarded'; readonly target: string; readonly sent: string }
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly target: string;
      readonly sent: string;
    }
  | { readonly kind: 'silent' };

export function outcomeText(outcome: Outcome): string {
  if (outcome.kind === 'silent') return 'silent';
  if (outcome.kind === 'answered') return `answered ${outcome.status}`;
  return 'forwarded';
}

export function statusOf(response: string): number {
  return Number(/^SIP\/[^ ]* (\d{3}) /i.exec(response)?.[1] ?? 0);
}
