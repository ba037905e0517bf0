import { BpfError, usageError } from './errors.ts';
import { tailOf, withCapturedLog } from './log.ts';
import { lastErrno, native, type Pointer } from './native.ts';

/** An attached program. It is a file descriptor and no more: the end of the process detaches it. */
export class Link {
  private handle: Pointer;
  private readonly onDestroy: (link: Link) => void;

  /** Links come from `program.attach()`. */
  constructor(handle: Pointer, onDestroy: (link: Link) => void) {
    this.handle = handle;
    this.onDestroy = onDestroy;
  }

  /** File descriptor of the link; -1 when it is destroyed. */
  get fd(): number {
    return this.handle === null ? -1 : native().linkFd(this.handle);
  }

  /** Detaches the program. May be called again. */
  destroy(): void {
    if (this.handle === null) return;
    native().linkDestroy(this.handle);
    this.handle = null;
    this.onDestroy(this);
  }
}

/** A program of an object. */
export class Program {
  /** Name of the C function; the kernel shows its first 15 characters. */
  readonly name: string;
  /** Section, such as `tp_btf/sched_switch`: it says what `attach` attaches to. */
  readonly section: string;
  private handle: Pointer;
  private loaded = false;
  private readonly links = new Set<Link>();

  /** Programs come from `object.programs`. */
  constructor(handle: Pointer) {
    this.handle = handle;
    this.name = native().programName(handle);
    this.section = native().programSection(handle);
  }

  /** Whether `object.load()` loads it; a section that begins with `?` says no at first. */
  get autoload(): boolean {
    return this.handle !== null && native().programAutoload(this.handle);
  }

  /** File descriptor in the kernel; -1 when it is not loaded. */
  get fd(): number {
    return this.loaded && this.handle !== null ? Math.max(-1, native().programFd(this.handle)) : -1;
  }

  /**
   * Says whether `object.load()` is to load this program. Before the load only.
   * @throws BpfError
   */
  setAutoload(on: boolean): void {
    const operation = `set autoload of ${this.name}`;
    if (this.handle === null) throw usageError(operation, 'the object is closed');
    const error = native().programSetAutoload(this.handle, on);
    if (error < 0) throw new BpfError(operation, -error, this.loaded ? 'the object is loaded already' : '');
  }

  /**
   * Attaches to what the section names. The link lives until it is destroyed, the object is closed or the
   * process ends, however it ends.
   * @throws BpfError with libbpf's words in `log`
   */
  attach(): Link {
    return this.link(`section ${this.section}`, () => native().programAttach(this.handle));
  }

  /**
   * Attaches to an instruction of a program or library, in all processes that run it.
   * @param path of the file; it need not have that name any more (`/proc/PID/exe`)
   * @param offset of the instruction in the file, bytes; of a function's first one if `isReturn`
   * @param isReturn attach to the function's return instead
   * @throws BpfError with libbpf's words in `log`
   */
  attachUprobe(path: string, offset: number, isReturn: boolean): Link {
    return this.link(`${path}+0x${offset.toString(16)}`, () =>
      native().programAttachUprobe(this.handle, isReturn, -1, path, offset),
    );
  }

  private link(where: string, attach: () => Pointer): Link {
    const operation = `attach ${this.name}`;
    if (this.fd < 0) throw usageError(operation, 'the program is not loaded');
    return withCapturedLog((said) => {
      const handle = attach();
      const errno = lastErrno();
      if (handle === null) throw new BpfError(operation, errno, where, tailOf(said()));
      const link = new Link(handle, (gone) => this.links.delete(gone));
      this.links.add(link);
      return link;
    });
  }

  /** Called by the object after a load. */
  onLoad(): void {
    this.loaded = true;
  }

  /** Called by the object: its links end before its memory goes. */
  onClose(): void {
    for (const link of this.links) link.destroy();
    this.handle = null;
  }
}
