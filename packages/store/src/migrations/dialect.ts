/** Where the tables live. The only thing that differs between migrations of one store and another. */
export type StoreEngine =
  | { readonly kind: 'single' }
  /** Name of the cluster as the servers' configuration has it. */
  | { readonly kind: 'cluster'; readonly cluster: string };

/** A table in words that fit both kinds of store. */
export interface TableText {
  readonly name: string;
  readonly columns: string;
  readonly engine: 'MergeTree' | 'AggregatingMergeTree';
  /** PARTITION BY … ORDER BY … TTL … SETTINGS … */
  readonly clauses: string;
  /** What decides the shard: rows that are looked up together share it. */
  readonly shardBy: string;
}

/** A materialized view that fills `to` from each block inserted into `from`. */
export interface ViewText {
  readonly name: string;
  readonly to: string;
  readonly from: string;
  /** The query with `{from}` where the source table stands. */
  readonly select: string;
}

function clusterName(engine: StoreEngine & { kind: 'cluster' }): string {
  return `'${engine.cluster.replace(/[\\']/g, '\\$&')}'`;
}

/** Statements that make a table: one on a single server, a replicated one and a distributed one over it on a cluster. */
export function createTable(engine: StoreEngine, table: TableText): string[] {
  const { name, columns, clauses } = table;
  if (engine.kind === 'single') {
    return [`CREATE TABLE IF NOT EXISTS ${name} (${columns}) ENGINE = ${table.engine} ${clauses}`];
  }
  const cluster = clusterName(engine);
  const path = `'/clickhouse/tables/{shard}/{database}/${name}'`;
  return [
    `CREATE TABLE IF NOT EXISTS ${name}_local ON CLUSTER ${cluster} (${columns}) ` +
      `ENGINE = Replicated${table.engine}(${path}, '{replica}') ${clauses}`,
    `CREATE TABLE IF NOT EXISTS ${name} ON CLUSTER ${cluster} AS ${name}_local ` +
      `ENGINE = Distributed(${cluster}, currentDatabase(), '${name}_local', ${table.shardBy})`,
  ];
}

/** Statements that make a view; on a cluster it reads and fills the tables of its own server. */
export function createView(engine: StoreEngine, view: ViewText): string[] {
  const single = engine.kind === 'single';
  const local = (name: string): string => (single ? name : `${name}_local`);
  const where = single ? '' : ` ON CLUSTER ${clusterName(engine)}`;
  const select = view.select.replace('{from}', local(view.from));
  return [`CREATE MATERIALIZED VIEW IF NOT EXISTS ${view.name}${where} TO ${local(view.to)} AS ${select}`];
}

/** Statements that change a table; on a cluster, that of each server. @param change what follows ALTER TABLE name */
export function alterTable(engine: StoreEngine, name: string, change: string): string[] {
  const where = engine.kind === 'single' ? name : `${name}_local ON CLUSTER ${clusterName(engine)}`;
  return [`ALTER TABLE ${where} ${change}`];
}

/** Statements that change the layout of a table: of a cluster, the tables of its servers and the one over them. */
function alterAll(engine: StoreEngine, name: string, change: string): string[] {
  const own = alterTable(engine, name, change);
  if (engine.kind === 'single') return own;
  return [
    ...own,
    `ALTER TABLE ${name} ON CLUSTER ${clusterName(engine)} ${change.replace(/ CODEC\(.*\)/, '')}`,
  ];
}

/** Statements that add a column, unless it is there. @param column its name, type and codec */
export function addColumn(engine: StoreEngine, table: string, column: string): string[] {
  return alterAll(engine, table, `ADD COLUMN IF NOT EXISTS ${column}`);
}

/** Statements that change a column's type. @param column its name and new type */
export function changeColumn(engine: StoreEngine, table: string, column: string): string[] {
  return alterAll(engine, table, `MODIFY COLUMN ${column}`);
}

/** Statements that give a view another query; what was inserted before stays as it is. */
export function changeView(engine: StoreEngine, view: ViewText): string[] {
  const single = engine.kind === 'single';
  const where = single ? '' : ` ON CLUSTER ${clusterName(engine)}`;
  const select = view.select.replace('{from}', single ? view.from : `${view.from}_local`);
  return [`ALTER TABLE ${view.name}${where} MODIFY QUERY ${select}`];
}
