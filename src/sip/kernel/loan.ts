/** Whoever has a place of the kernel's memory to work in, and takes along what it keeps there when another one gets it. */
export interface Holder {
  leave(): void;
}

/** One place, which one at a time has. */
export class Loan {
  private holder: Holder | undefined = undefined;

  giveTo(holder: Holder): void {
    if (this.holder === holder) return;
    this.holder?.leave();
    this.holder = holder;
  }

  takeBack(): void {
    this.holder?.leave();
    this.holder = undefined;
  }
}
