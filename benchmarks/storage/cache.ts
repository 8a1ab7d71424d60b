import koffi from 'koffi';

const DONTNEED = 4;
type Advise = (fd: number, offset: number, length: number, advice: number) => number;
let advise: Advise | null | undefined;

/**
 * Asks the kernel to forget the cached pages of an open file (posix_fadvise(2), POSIX_FADV_DONTNEED), whose data must
 * have been synced. False where the call is not available or fails.
 */
export function dropCache(fd: number): boolean {
  if (advise === undefined) {
    try {
      advise = koffi.load(null).func('int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)') as Advise;
    } catch {
      advise = null;
    }
  }
  return advise !== null && advise(fd, 0, 0, DONTNEED) === 0;
}
