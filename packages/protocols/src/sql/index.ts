export {
  describeSql,
  LONGEST_QUERY_TEXT,
  LONGEST_SQL,
  type SqlDescription,
  sqlAttributes,
} from './describe.ts';
export { describeRecent } from './recent.ts';
export type { SqlDialect } from './tokens.ts';
