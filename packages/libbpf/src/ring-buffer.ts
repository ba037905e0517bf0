import koffi from 'koffi';
import { type Mapping, mapFd, pageSize } from './memory.ts';
import { RingReader } from './ring-reader.ts';

/** A ring-buffer map of a loaded object, mapped into this process and read in place. */
export class RingBuffer extends RingReader {
  private readonly fd: number;
  private readonly mappings: readonly Mapping[];
  private readonly watches = new Set<() => void>();

  /** Use `map.openRing()`. */
  constructor(name: string, fd: number, size: number) {
    const page = pageSize();
    const operation = `map ring ${name}`;
    // The kernel lets us write the consumer's page only; behind the producer's lies the data, twice.
    const rest = mapFd(operation, fd, page, page + 2 * size, false);
    const consumer = mapFd(operation, fd, 0, page, true);
    super({
      consumer: consumer.buffer,
      producer: rest.buffer,
      data: rest.buffer,
      dataOffset: page,
      size,
    });
    this.fd = fd;
    this.mappings = [consumer, rest];
  }

  /**
   * Calls back whenever the kernel woke this ring's readers and records are there: once a wake-up, not
   * once a record, and again until they are read. For rings of rare events; a busy one is better polled
   * by a timer, with BPF_RB_NO_WAKEUP in the program.
   * @returns a function that ends it
   */
  onReadable(callback: () => void): () => void {
    const handle = koffi.node.poll(this.fd, { readable: true }, () => callback());
    const end = () => {
      if (this.watches.delete(end)) handle.close();
    };
    this.watches.add(end);
    return end;
  }

  /** Unmaps the ring. Views of it that someone kept show zeros from then on. May be called again. */
  close(): void {
    for (const end of this.watches) end();
    this.stop();
    for (const mapping of this.mappings) mapping.close();
  }
}
