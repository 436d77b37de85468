/** What has to be so before traffic may come. */
export interface ReadinessState {
  readonly sockets: 'unbound' | 'bound';
  /** Known: configured as an address, or looked up with success. */
  readonly registrar: 'unknown' | 'known';
  readonly phase: 'running' | 'stopping';
}

/** Why not to send traffic here, in a sentence for whoever looks; undefined where there is no reason. */
export function notReadyReason(state: ReadinessState): string | undefined {
  if (state.phase === 'stopping') return 'stopping: no new traffic is wanted';
  if (state.sockets === 'unbound') return 'not ready: the SIP sockets are not bound yet';
  if (state.registrar === 'unknown') return 'not ready: no registrar address is known yet';
  return undefined;
}
