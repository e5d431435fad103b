import { beginCall, placeText } from "./arena.ts";
import { fail } from "./fail.ts";
import { syscall } from "./ffi.ts";

/** Flags of mount(2) (include/uapi/linux/mount.h). */
export const MountFlag = {
  MS_NOSUID: 2,
  MS_NODEV: 4,
  MS_NOEXEC: 8,
  MS_BIND: 0x1000,
  MS_REC: 0x4000,
  MS_PRIVATE: 0x40000,
} as const;

/** Flags of umount2(2). */
export const UmountFlag = { MNT_FORCE: 1, MNT_DETACH: 2, UMOUNT_NOFOLLOW: 8 } as const;

/** mount(2). Paths are taken literally; `data` are the file system's own options, such as `mode=0700`. */
export function mount(options: {
  source?: string;
  target: string;
  type?: string;
  flags?: number;
  data?: string;
}): void {
  beginCall();
  const { source, target, type, flags = 0, data } = options;
  const result = syscall(
    "mount",
    source === undefined ? 0 : placeText(source),
    placeText(target),
    type === undefined ? 0 : placeText(type),
    flags,
    data === undefined ? 0 : placeText(data),
  );
  if (result < 0) throw fail("mount", -result, { subject: target, needs: ["CAP_SYS_ADMIN"] });
}

/** umount2(2). */
export function unmount(target: string, flags = 0): void {
  beginCall();
  const result = syscall("umount2", placeText(target), flags);
  if (result < 0) throw fail("umount2", -result, { subject: target, needs: ["CAP_SYS_ADMIN"] });
}
