import { Errno } from "../errors/index.ts";
import { checkRange, writeU32 } from "../layout/index.ts";
import { beginCall, placeRoom } from "./call-buffer.ts";
import { syscall } from "./ffi.ts";
import { endWithThread } from "./owned-fd.ts";
import { fail } from "./permission.ts";

const EPOLL_CLOEXEC = 0x80000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;

/** Events of epoll (include/uapi/linux/eventpoll.h). */
export const EpollEvent = { EPOLLIN: 1, EPOLLOUT: 4, EPOLLERR: 8, EPOLLHUP: 0x10 } as const;

// struct epoll_event is packed on x86-64: its 64-bit data is at byte 4. On all other architectures it is at byte 8.
const DATA = process.arch === "x64" ? 4 : 8;
const EVENT_SIZE = DATA + 8;

/** Creates an epoll and returns its fd, which is close-on-exec. */
export function epollCreate(): number {
  const result = syscall("epoll_create1", EPOLL_CLOEXEC);
  if (result < 0) throw fail("epoll_create1", -result);
  return endWithThread(result);
}

/**
 * Adds an fd to an epoll. `epollWait` reports the fd as `data`, a 32-bit number. By default `data` is the fd itself.
 */
export function epollAdd(epollFd: number, fd: number, events: number = EpollEvent.EPOLLIN, data: number = fd): void {
  beginCall();
  const event = placeRoom(EVENT_SIZE);
  const view = new DataView(event.bytes.buffer, event.bytes.byteOffset, EVENT_SIZE);
  writeU32(view, 0, events, "events");
  writeU32(view, DATA, data, "data");
  const result = syscall("epoll_ctl", epollFd, EPOLL_CTL_ADD, fd, event.address);
  if (result < 0) throw fail("epoll_ctl(EPOLL_CTL_ADD)", -result);
}

/** Removes an fd from an epoll. */
export function epollRemove(epollFd: number, fd: number): void {
  const result = syscall("epoll_ctl", epollFd, EPOLL_CTL_DEL, fd, 0);
  if (result < 0) throw fail("epoll_ctl(EPOLL_CTL_DEL)", -result);
}

/** The most events that one call returns. */
const MOST_EVENTS = 0x10000;

/** An fd that is ready. */
export interface ReadyEvent {
  readonly events: number;
  readonly data: number;
}

/**
 * Returns at most `max` fds that are ready. Blocks the thread for up to `timeout` milliseconds. Default of `timeout`:
 * 0, so the call does not block.
 */
export function epollWait(epollFd: number, max = 64, timeout = 0): ReadyEvent[] {
  checkRange(max, 1, MOST_EVENTS, "max");
  beginCall();
  const room = placeRoom(max * EVENT_SIZE);
  const result = syscall("epoll_pwait", epollFd, room.address, max, timeout, 0, 8);
  if (result === -Errno.EINTR) return [];
  if (result < 0) throw fail("epoll_pwait", -result);
  const view = new DataView(room.bytes.buffer, room.bytes.byteOffset, room.bytes.byteLength);
  return Array.from({ length: result }, (_, i) => ({
    events: view.getUint32(i * EVENT_SIZE, true),
    data: view.getUint32(i * EVENT_SIZE + DATA, true),
  }));
}
