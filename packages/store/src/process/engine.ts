import { drainPending, Session } from 'chdb';
import { isRead, parameterNames, quote } from './sql-text.ts';

/** One statement with what ClickHouse's HTTP interface lets come beside it. */
export interface Statement {
  readonly sql: string;
  /** Format of the answer where the statement names none. */
  readonly format: string;
  readonly database: string | null;
  readonly settings: ReadonlyMap<string, string>;
  /** Values of `{name:Type}` parameters, escaped as ClickHouse's HTTP interface has them. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Answer of the engine. */
export interface StatementResult {
  readonly bytes: Uint8Array;
  readonly elapsedSeconds: number;
  readonly rowsRead: number;
  readonly bytesRead: number;
}

/** A refusal of the engine, with ClickHouse's number of it. */
export class EngineError extends Error {
  readonly code: number;
  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** Too many statements wait: the caller should come again later. */
export class EngineBusy extends Error {}

const MAX_WAITING = 512;
const CONNECTION_ARGUMENTS = ['--output_format_json_quote_64bit_integers=1'];

/** Connection of the engine: runs one statement at a time. */
class Connection {
  private readonly session: Session;
  private database = 'default';
  /** Settings of the last statement; they would hold for the next one too. */
  private dirty = new Set<string>();
  /** Parameters that were ever set here: the engine keeps them, so a missing one must be noticed by us. */
  private readonly stale = new Set<string>();

  constructor(path: string) {
    this.session = new Session(path, { connectionArgs: CONNECTION_ARGUMENTS });
  }

  async run(statement: Statement): Promise<StatementResult> {
    for (const name of parameterNames(statement.sql)) {
      if (this.stale.has(name) && !statement.parameters.has(name)) {
        throw new EngineError(
          `Code: 456. DB::Exception: Substitution \`${name}\` is not set. (UNKNOWN_QUERY_PARAMETER)`,
          456,
        );
      }
    }
    const before: string[] = [];
    const database = statement.database ?? 'default';
    if (database !== this.database) before.push(`USE \`${database}\``);
    for (const name of this.dirty) if (!statement.settings.has(name)) before.push(`SET ${name} = DEFAULT`);
    for (const [name, value] of statement.settings) before.push(`SET ${name} = ${quote(value)}`);
    for (const [name, value] of statement.parameters) {
      before.push(`SET param_${name} = ${quote(value)}`);
      this.stale.add(name);
    }
    for (const name of statement.settings.keys()) this.dirty.add(name);
    try {
      const sql = before.length === 0 ? statement.sql : `${before.join('; ')}; ${statement.sql}`;
      const result = await this.session.queryAsync(sql, { format: statement.format });
      this.dirty = new Set(statement.settings.keys());
      this.database = database;
      return {
        bytes: result.bytes(),
        elapsedSeconds: result.elapsed,
        rowsRead: result.rowsRead,
        bytesRead: result.bytesRead,
      };
    } catch (error) {
      // The statement may have failed before or after `USE`: make the next one say it again.
      this.database = '';
      throw asEngineError(error);
    }
  }

  close(): void {
    this.session.close();
  }
}

function asEngineError(error: unknown): EngineError {
  const message = error instanceof Error ? error.message : String(error);
  const code = /^Code: (\d+)/.exec(message);
  return new EngineError(message, code === null ? 1002 : Number(code[1]));
}

/** Connections that take statements in the order they came. */
class Lane {
  private readonly idle: Connection[];
  private readonly waiting: ((connection: Connection) => void)[] = [];

  constructor(connections: Connection[]) {
    this.idle = connections;
  }

  async run(statement: Statement): Promise<StatementResult> {
    const connection = await this.acquire();
    try {
      return await connection.run(statement);
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.idle.push(connection);
      else next(connection);
    }
  }

  private acquire(): Promise<Connection> {
    const connection = this.idle.pop();
    if (connection !== undefined) return Promise.resolve(connection);
    if (this.waiting.length >= MAX_WAITING) throw new EngineBusy('too many statements wait');
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

/** chDB in this process: one writer and several readers on one data folder. */
export class Engine {
  private readonly connections: Connection[] = [];
  private readonly writer: Lane;
  private readonly readers: Lane;

  /** @throws when the folder cannot be used, for example because another process has it open */
  constructor(path: string, readers: number) {
    for (let i = 0; i < readers + 1; i++) this.connections.push(new Connection(path));
    this.writer = new Lane(this.connections.slice(0, 1));
    this.readers = new Lane(this.connections.slice(1));
  }

  /** @throws EngineError what the engine refuses, EngineBusy when too many statements wait */
  run(statement: Statement): Promise<StatementResult> {
    return (isRead(statement.sql) ? this.readers : this.writer).run(statement);
  }

  async close(): Promise<void> {
    for (const connection of this.connections) connection.close();
    await drainPending();
  }
}
