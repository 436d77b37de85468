import type { Network } from './network.ts';
import type { Phone } from './phone.ts';
import type { Registrar } from './registrar.ts';
import type { Fault } from './scenario.ts';
import type { Scheduler } from './scheduler.ts';
import type { Tap } from './tap.ts';

/** What faults befall. */
export interface Hands {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly registrar: Registrar;
  readonly tap: Tap;
  readonly phones: readonly Phone[];
  stopProxy(): void;
  startProxy(): void;
  stepWall(ms: number): void;
  note(text: () => string): void;
}

/** Plans when a fault begins, when it ends, and what each does. */
export function planFault(fault: Fault, hands: Hands): void {
  const { scheduler, network, registrar, tap, phones } = hands;
  const between = (from: () => void, until: () => void): void => {
    scheduler.at(fault.fromMs, () => {
      hands.note(() => `begins: ${JSON.stringify(fault)}`);
      from();
    });
    if (fault.kind !== 'wall_step') {
      scheduler.at(fault.untilMs, () => {
        hands.note(() => `ends: ${JSON.stringify(fault)}`);
        until();
      });
    }
  };
  switch (fault.kind) {
    case 'mode':
      between(
        () => {
          registrar.mode = fault.mode;
        },
        () => {
          registrar.mode = 'well';
        },
      );
      return;
    case 'cut':
      between(
        () => network.cut(fault.link),
        () => network.mend(fault.link),
      );
      return;
    case 'proxy_restart':
      between(
        () => hands.stopProxy(),
        () => hands.startProxy(),
      );
      return;
    case 'registrar_restart':
      between(
        () => {
          registrar.isDown = true;
        },
        () => {
          registrar.isDown = false;
          registrar.restart(fault.bindings);
        },
      );
      return;
    case 'power_cut':
      between(
        () => {
          for (const phone of phones) phone.losePower();
        },
        () => {
          for (const phone of phones) phone.regainPower();
        },
      );
      return;
    case 'tap_loss':
      between(
        () => {
          tap.overrun = fault.share;
        },
        () => {
          tap.overrun = 0;
        },
      );
      return;
    case 'wall_step':
      between(
        () => {
          hands.stepWall(fault.stepMs);
        },
        () => {},
      );
  }
}
