/** Where a statement of that verb says what it works on. */
export type Target =
  /** Nowhere, or it is not worth a name's place. */
  | 'none'
  /** Behind FROM. */
  | 'from'
  /** Behind INTO. */
  | 'into'
  /** The next identifier. */
  | 'next'
  /** Behind the kind of object: `CREATE TABLE x`. */
  | 'object';

const TARGETS: ReadonlyMap<string, Target> = new Map<string, Target>([
  ...words('SELECT DELETE', 'from'),
  ...words('LOAD', 'into'),
  ...words('INSERT REPLACE UPDATE MERGE TRUNCATE LOCK COPY TABLE CALL LISTEN UNLISTEN NOTIFY', 'next'),
  ...words('CREATE ALTER DROP RENAME', 'object'),
  ...words(
    'ABORT ANALYZE BASE_BACKUP BEGIN BINLOG CACHE CHANGE CHECK CHECKPOINT CHECKSUM CLOSE CLUSTER COMMENT COMMIT ' +
      'CREATE_REPLICATION_SLOT DEALLOCATE DECLARE DESC DESCRIBE DISCARD DO DROP_REPLICATION_SLOT END EXECUTE EXPLAIN ' +
      'FETCH FLUSH GET GRANT HANDLER HELP IDENTIFY_SYSTEM IMPORT INSTALL KILL MOVE OPTIMIZE PREPARE PURGE ' +
      'READ_REPLICATION_SLOT REASSIGN REFRESH REINDEX RELEASE REPAIR RESET RESIGNAL RESTART REVOKE ROLLBACK ' +
      'SAVEPOINT SECURITY SET SHOW SHUTDOWN SIGNAL START START_REPLICATION STOP TIMELINE_HISTORY UNINSTALL UNLOCK ' +
      'USE VACUUM VALUES XA',
    'none',
  ),
]);

/** Verbs that may follow a WITH clause. */
const AFTER_WITH = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'VALUES', 'TABLE', 'REPLACE']);
/** Verbs whose target is no table. */
const NO_TABLE = new Set(['CALL', 'LISTEN', 'UNLISTEN', 'NOTIFY']);
/** Words between a verb and its target. */
const NOISE = new Set(
  'INTO ONLY TABLE TABLES LOW_PRIORITY HIGH_PRIORITY DELAYED IGNORE QUICK BINARY IF NOT EXISTS CONCURRENTLY ON BY'.split(
    ' ',
  ),
);
/** What CREATE, ALTER, DROP and RENAME work on. What stands before it (`OR REPLACE`, `UNIQUE`, `TEMPORARY`) says nothing. */
const OBJECTS = new Set(
  (
    'ACCESS AGGREGATE CAST COLLATION CONVERSION DATABASE DOMAIN EVENT EXTENSION FUNCTION GROUP INDEX LANGUAGE ' +
    'OPERATOR OWNED POLICY PROCEDURE PUBLICATION ROLE ROUTINE RULE SCHEMA SEQUENCE SERVER STATISTICS SUBSCRIPTION ' +
    'SYSTEM TABLE TABLESPACE TRANSFORM TRIGGER TYPE USER VIEW'
  ).split(' '),
);
/** Their bodies may hold statements of their own. */
const WITH_BODY = new Set(['EVENT', 'FUNCTION', 'PROCEDURE', 'TRIGGER']);
/** Those that are read as one. */
const COLLECTIONS = new Set(['TABLE', 'VIEW']);
/** They hold passwords. */
const SECRET = new Set(['USER', 'ROLE', 'GROUP', 'SERVER', 'SUBSCRIPTION']);

function words(text: string, target: Target): [string, Target][] {
  return text.split(' ').map((word) => [word, target]);
}

/** Where the target of a verb (upper case) stands; null: no verb of SQL. */
export function targetOf(verb: string): Target | null {
  return TARGETS.get(verb) ?? null;
}

export const isVerbAfterWith = (word: string): boolean => AFTER_WITH.has(word);
export const isTableVerb = (verb: string): boolean => !NO_TABLE.has(verb);
export const isNoise = (word: string): boolean => NOISE.has(word);
export const isObject = (word: string): boolean => OBJECTS.has(word);
export const isCollection = (object: string): boolean => COLLECTIONS.has(object);
export const isSecret = (object: string): boolean => SECRET.has(object);
export const hasBody = (object: string): boolean => WITH_BODY.has(object);
