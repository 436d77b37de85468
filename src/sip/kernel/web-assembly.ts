/** What is used of WebAssembly. It is no part of the language's own types, and those of Node have it in no release that we build with. */

/** Memory that several threads may use, each through a copy of this object. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
}

/** Compiled code. */
export interface Module {
  readonly [kind: symbol]: unknown;
}

interface WebAssemblyApi {
  readonly Memory: new (pages: { initial: number; maximum: number; shared: true }) => SharedMemory;
  readonly Module: new (code: Uint8Array) => Module;
  readonly Instance: new (
    module: Module,
    imports: { env: { memory: SharedMemory } },
  ) => { readonly exports: unknown };
  validate(code: Uint8Array): boolean;
}

declare const WebAssembly: WebAssemblyApi;
const api = WebAssembly;

export { api as WebAssembly };

const PAGE_BYTES = 65_536;

/** Memory of at least so many bytes that another thread can be given; throws a sentence that says what to do. */
export function createSharedMemory(bytes: number): SharedMemory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  try {
    return new api.Memory({ initial: pages, maximum: pages, shared: true });
  } catch {
    throw new Error(
      'no addresses left for WebAssembly, which reserves some 10 GB of them (not of memory) three times: ' +
        'lift the limit on virtual memory (ulimit -v, LimitAS=)',
    );
  }
}
