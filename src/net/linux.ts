import { constants } from 'node:os';

/**
 * The system calls of the batched transport, called straight from JavaScript on memory that was laid out
 * once. Addresses are plain numbers (user space ends far below 2^53). Layouts are those of 64-bit little-
 * endian Linux, alike in glibc and musl: man 7 ip, man 7 socket, man 2 recvmmsg, man 2 epoll_ctl.
 *
 * To import this is no error where they can't be had: then `whyMissing` tells why, and nothing else here may be called.
 */
const library = await openLibrary();
const koffi = typeof library === 'string' ? undefined : library.koffi;
let trouble = typeof library === 'string' ? library : undefined;

/** Why there are no system calls to be had here; undefined where there are. */
export function whyMissing(): string | undefined {
  return trouble;
}

async function openLibrary() {
  if (process.platform !== 'linux') return `it needs Linux, this is ${process.platform}`;
  try {
    // Not a static import: those of a bundle are all looked up when it starts, and koffi may be missing.
    const { default: koffi } = await import('koffi');
    return { koffi, libc: koffi.load(null) };
  } catch (error) {
    return whyNotLoaded(error);
  }
}

function whyNotLoaded(error: unknown): string {
  const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
  return `the optional package koffi can't be loaded (${why})`;
}

/** What koffi makes of a declaration; the caller gives it its type. */
function declared(declaration: string): unknown {
  if (typeof library === 'string') return unavailable;
  try {
    return library.libc.func(declaration);
  } catch (error) {
    trouble ??= whyNotLoaded(error);
    return unavailable;
  }
}

function unavailable(): never {
  throw new Error(trouble);
}

export const socket = declared('int socket(int, int, int)') as (
  family: number,
  type: number,
  protocol: number,
) => number;
export const bind = declared('int bind(int, uintptr_t, uint32_t)') as AddressCall;
export const connect = declared('int connect(int, uintptr_t, uint32_t)') as AddressCall;
export const close = declared('int close(int)') as (fd: number) => number;
export const setsockopt = declared('int setsockopt(int, int, int, uintptr_t, uint32_t)') as (
  fd: number,
  level: number,
  option: number,
  value: number,
  length: number,
) => number;
export const getsockopt = declared('int getsockopt(int, int, int, uintptr_t, uintptr_t)') as (
  fd: number,
  level: number,
  option: number,
  value: number,
  length: number,
) => number;
export const epollCreate = declared('int epoll_create1(int)') as (flags: number) => number;
export const epollControl = declared('int epoll_ctl(int, int, int, uintptr_t)') as (
  epoll: number,
  operation: number,
  fd: number,
  event: number,
) => number;
export const epollWait = declared('int epoll_wait(int, uintptr_t, int, int)') as (
  epoll: number,
  events: number,
  most: number,
  timeoutMs: number,
) => number;
export const recvmmsg = declared('int recvmmsg(int, uintptr_t, uint32_t, int, uintptr_t)') as (
  fd: number,
  messages: number,
  count: number,
  flags: number,
  timeout: number,
) => number;
export const sendmmsg = declared('int sendmmsg(int, uintptr_t, uint32_t, int)') as (
  fd: number,
  messages: number,
  count: number,
  flags: number,
) => number;
/** Gives the CPU to whoever waits for it (man 2 sched_yield). */
export const schedYield = declared('int sched_yield()') as () => number;
/** man 2 clock_gettime. */
export const clockGettime = declared('int clock_gettime(int, uintptr_t)') as (
  clock: number,
  into: number,
) => number;
/** For what the C library has no function for (man 2 syscall). */
const systemCall = declared('long syscall(long, int, uintptr_t, unsigned int, unsigned int)') as (
  number: number,
  thread: number,
  address: number,
  size: number,
  flags: number,
) => number;
/** Reads or sets what struct sched_attr at `address` says of the calling thread (man 2 sched_setattr); 0 or -1. */
export const schedGetattr = (address: number) =>
  systemCall(SYS_SCHED_GETATTR, 0, address, SCHED_ATTR_BYTES, 0);
export const schedSetattr = (address: number) => systemCall(SYS_SCHED_SETATTR, 0, address, 0, 0);
/** man 2 mmap; -1 where it fails. */
export const mmap = declared('intptr_t mmap(uintptr_t, size_t, int, int, int, int64_t)') as (
  address: number,
  length: number,
  protection: number,
  flags: number,
  fd: number,
  offset: number,
) => number;
/** man 2 madvise; 0 or -1. */
export const madvise = declared('int madvise(uintptr_t, size_t, int)') as (
  address: number,
  length: number,
  advice: number,
) => number;
const callOfEnter = declared(
  'long syscall(long, int, unsigned int, unsigned int, unsigned int, uintptr_t, size_t)',
) as (...numbers: readonly number[]) => number;
const callOfRegister = declared('long syscall(long, int, unsigned int, uintptr_t, unsigned int)') as (
  ...numbers: readonly number[]
) => number;
/** man 2 io_uring_setup, io_uring_enter and io_uring_register; -1 where they fail. */
export const uringSetup = (entries: number, params: number) =>
  systemCall(SYS_IO_URING_SETUP, entries, params, 0, 0);
export const uringEnter = (fd: number, submit: number, complete: number, flags: number) =>
  callOfEnter(SYS_IO_URING_ENTER, fd, submit, complete, flags, 0, 0);
export const uringRegister = (fd: number, operation: number, argument: number, count: number) =>
  callOfRegister(SYS_IO_URING_REGISTER, fd, operation, argument, count);
export const poll = declared('int poll(uintptr_t, unsigned long, int)') as (
  fds: number,
  count: number,
  timeoutMs: number,
) => number;

type AddressCall = (fd: number, address: number, length: number) => number;

/** Of the last system call that answered -1. */
export function errno(): number {
  return koffi!.errno();
}

/** `EADDRINUSE` for 98. */
export function errorName(code: number): string {
  for (const [name, value] of Object.entries(constants.errno)) if (value === code) return name;
  return `errno ${code}`;
}

/** Where the array's first byte lies. Memory of arrays of some size never moves. */
export function addressOf(memory: Uint8Array): number {
  return Number(koffi!.address(memory));
}

/** The memory that the kernel has mapped there, as one array; the address must be that of 4-byte words. */
export function wordsAt(address: number, bytes: number): Int32Array {
  return new Int32Array(koffi!.view(address, bytes));
}

export const { EAGAIN, ECANCELED, ECONNREFUSED, EINTR, ENOBUFS } = constants.errno;

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_DGRAM = 2;
export const SOCK_CLOEXEC = 0o2000000;
export const MSG_DONTWAIT = 0x40;
export const EPOLL_CLOEXEC = 0o2000000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLLIN = 1;
export const POLLIN = 1;
export const POLLOUT = 4;
/** struct pollfd: descriptor 0, events 4. */
export const POLLFD_BYTES = 8;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_RCVBUF = 8;
export const SO_RCVBUFFORCE = 33;
/** Nine words: bytes received and not read, with the kernel's overhead, then how many there may be (linux/sock_diag.h; Linux 4.12). */
export const SO_MEMINFO = 55;
export const MEMINFO_BYTES = 36;
export const IPPROTO_IP = 0;
export const IP_MTU_DISCOVER = 10;
export const IP_PMTUDISC_DONT = 0;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;

/** struct epoll_event: packed on x64 alone; `events` at 0. */
export const EPOLL_EVENT_BYTES = process.arch === 'x64' ? 12 : 16;
export const EPOLL_DATA_AT = process.arch === 'x64' ? 4 : 8;

export const MADV_DONTNEED = 4;
export const MADV_HUGEPAGE = 14;
export const PROT_READ_WRITE = 3;
/** MAP_SHARED, MAP_POPULATE. */
export const MAP_SHARED_POPULATE = 0x8001;

const SYS_IO_URING_SETUP = 425;
const SYS_IO_URING_ENTER = 426;
const SYS_IO_URING_REGISTER = 427;
const SYS_SCHED_SETATTR = process.arch === 'x64' ? 314 : 274;
const SYS_SCHED_GETATTR = process.arch === 'x64' ? 315 : 275;
/** struct sched_attr: size 0, policy 4, flags 8, nice 16, priority 20, runtime in ns 24, deadline 32, period 40. */
export const SCHED_ATTR_BYTES = 48;
export const SCHED_POLICY_AT = 4;
export const SCHED_FLAGS_AT = 8;
export const SCHED_NICE_AT = 16;
export const SCHED_PRIORITY_AT = 20;
export const SCHED_RUNTIME_AT = 24;
export const SCHED_OTHER = 0;
export const SCHED_RR = 2;
/** Threads and processes that it starts are not real-time. */
export const SCHED_FLAG_RESET_ON_FORK = 1n;

export const CLOCK_THREAD_CPUTIME_ID = 3;

/** struct mmsghdr: msg_name 0, msg_namelen 8, msg_iov 16, msg_iovlen 24, control 32 to 48, flags 48, msg_len 56. */
export const MMSGHDR_BYTES = 64;
export const NAME_AT = 0;
export const NAME_LENGTH_AT = 8;
export const IOV_AT = 16;
export const IOV_LENGTH_AT = 24;
export const MESSAGE_LENGTH_AT = 56;

/** struct iovec: base 0, length 8. */
export const IOVEC_BYTES = 16;

/** Room for sockaddr_in (16: family, port, address at 4) and sockaddr_in6 (28: family, port, flow, address at 8, scope). */
export const SOCKADDR_BYTES = 32;
export const SOCKADDR_IN_BYTES = 16;
export const SOCKADDR_IN6_BYTES = 28;
