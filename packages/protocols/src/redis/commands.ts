import { byteSet, DIGITS, intern, LOWER, UPPER } from '../bytes.ts';

/** What the parser has to know of a command. */
export interface Command {
  /** Upper case, two words where the first is a container: `GET`, `CONFIG GET`. */
  readonly name: string;
  readonly words: 1 | 2;
  /** Its arguments may hold a password: never shown, masked or not. */
  readonly secret: boolean;
  readonly effect: Effect;
  /** Query texts with all arguments hidden, by number of arguments; filled as they come up. */
  readonly masked: string[];
}

/** What a command does to the connection. */
export type Effect =
  | 'none'
  | 'subscribe'
  | 'unsubscribe'
  | 'monitor'
  | 'replicate'
  | 'client-reply'
  | 'select'
  | 'reset';

const CONTAINERS = new Set(
  'ACL CLIENT CLUSTER COMMAND CONFIG DEBUG FUNCTION LATENCY MEMORY MODULE OBJECT PUBSUB SCRIPT SENTINEL SLOWLOG XGROUP XINFO'.split(
    ' ',
  ),
);
const SECRET = new Set(['AUTH', 'HELLO', 'ACL SETUSER', 'CONFIG SET', 'MIGRATE']);
const EFFECTS: ReadonlyMap<string, Effect> = new Map<string, Effect>([
  ['SUBSCRIBE', 'subscribe'],
  ['PSUBSCRIBE', 'subscribe'],
  ['SSUBSCRIBE', 'subscribe'],
  ['UNSUBSCRIBE', 'unsubscribe'],
  ['PUNSUBSCRIBE', 'unsubscribe'],
  ['SUNSUBSCRIBE', 'unsubscribe'],
  ['MONITOR', 'monitor'],
  ['SYNC', 'replicate'],
  ['PSYNC', 'replicate'],
  ['CLIENT REPLY', 'client-reply'],
  ['SELECT', 'select'],
  ['RESET', 'reset'],
]);

/** Commands of Redis 7, by which inline commands are told from other text. */
const KNOWN = new Set(
  (
    'ACL APPEND ASKING AUTH BGREWRITEAOF BGSAVE BITCOUNT BITFIELD BITFIELD_RO BITOP BITPOS BLMOVE BLMPOP BLPOP BRPOP ' +
    'BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN CLIENT CLUSTER COMMAND CONFIG COPY DBSIZE DEBUG DECR DECRBY DEL DISCARD DUMP ' +
    'ECHO EVAL EVALSHA EVALSHA_RO EVAL_RO EXEC EXISTS EXPIRE EXPIREAT EXPIRETIME FAILOVER FCALL FCALL_RO FLUSHALL ' +
    'FLUSHDB FUNCTION GEOADD GEODIST GEOHASH GEOPOS GEORADIUS GEORADIUSBYMEMBER GEOSEARCH GEOSEARCHSTORE GET GETBIT ' +
    'GETDEL GETEX GETRANGE GETSET HDEL HELLO HEXISTS HGET HGETALL HINCRBY HINCRBYFLOAT HKEYS HLEN HMGET HMSET ' +
    'HRANDFIELD HSCAN HSET HSETNX HSTRLEN HVALS INCR INCRBY INCRBYFLOAT INFO KEYS LASTSAVE LATENCY LCS LINDEX LINSERT ' +
    'LLEN LMOVE LMPOP LOLWUT LPOP LPOS LPUSH LPUSHX LRANGE LREM LSET LTRIM MEMORY MGET MIGRATE MODULE MONITOR MOVE ' +
    'MSET MSETNX MULTI OBJECT PERSIST PEXPIRE PEXPIREAT PEXPIRETIME PFADD PFCOUNT PFMERGE PING PSETEX PSUBSCRIBE PSYNC ' +
    'PTTL PUBLISH PUBSUB PUNSUBSCRIBE QUIT RANDOMKEY READONLY READWRITE RENAME RENAMENX REPLCONF REPLICAOF RESET ' +
    'RESTORE ROLE RPOP RPOPLPUSH RPUSH RPUSHX SADD SAVE SCAN SCARD SCRIPT SDIFF SDIFFSTORE SELECT SENTINEL SET SETBIT ' +
    'SETEX SETNX SETRANGE SHUTDOWN SINTER SINTERCARD SINTERSTORE SISMEMBER SLAVEOF SLOWLOG SMEMBERS SMISMEMBER SMOVE ' +
    'SORT SORT_RO SPOP SPUBLISH SRANDMEMBER SREM SSCAN SSUBSCRIBE STRLEN SUBSCRIBE SUBSTR SUNION SUNIONSTORE ' +
    'SUNSUBSCRIBE SWAPDB SYNC TIME TOUCH TTL TYPE UNLINK UNSUBSCRIBE UNWATCH WAIT WAITAOF WATCH XACK XADD XAUTOCLAIM ' +
    'XCLAIM XDEL XGROUP XINFO XLEN XPENDING XRANGE XREAD XREADGROUP XREVRANGE XSETID XTRIM ZADD ZCARD ZCOUNT ZDIFF ' +
    'ZDIFFSTORE ZINCRBY ZINTER ZINTERCARD ZINTERSTORE ZLEXCOUNT ZMPOP ZMSCORE ZPOPMAX ZPOPMIN ZRANDMEMBER ZRANGE ' +
    'ZRANGEBYLEX ZRANGEBYSCORE ZRANGESTORE ZRANK ZREM ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREVRANGE ' +
    'ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE ZUNION ZUNIONSTORE'
  ).split(' '),
);

/** Letters, digits and what modules put between them (`FT.SEARCH`, `LIB-NAME`). */
const WORD = byteSet(`${LOWER}${UPPER}${DIGITS}._-`);
const LONGEST_WORD = 32;
const scratch = new Uint8Array(LONGEST_WORD);

/** The word of a command in upper case, '' if [from, to) is none. */
export function commandWord(bytes: Uint8Array, from: number, to: number): string {
  const length = to - from;
  if (length <= 0 || length > LONGEST_WORD || !isLetter(bytes[from]!)) return '';
  for (let i = 0; i < length; i++) {
    const byte = bytes[from + i]!;
    if (WORD[byte] !== 1) return '';
    scratch[i] = byte >= 97 && byte <= 122 ? byte - 32 : byte;
  }
  return intern(scratch, 0, length);
}

/** Whether Redis itself has a command of that name (upper case). */
export function isKnownCommand(word: string): boolean {
  return KNOWN.has(word);
}

/** Whether the first argument of the command is a part of its name. */
export function isContainer(word: string): boolean {
  return CONTAINERS.has(word);
}

const MOST_REMEMBERED = 2048;
const commands = new Map<string, Command>();
const contained = new Map<string, Map<string, Command>>();

/** The command of one word, upper case. */
export function commandOf(word: string): Command {
  const known = commands.get(word);
  if (known !== undefined) return known;
  const command = create(word, 1);
  if (commands.size >= MOST_REMEMBERED) commands.clear();
  commands.set(word, command);
  return command;
}

/** The command of two words, upper case. */
export function containedCommandOf(container: string, word: string): Command {
  let inner = contained.get(container);
  if (inner === undefined) {
    inner = new Map();
    contained.set(container, inner);
  }
  const known = inner.get(word);
  if (known !== undefined) return known;
  const command = create(`${container} ${word}`, 2);
  if (inner.size >= MOST_REMEMBERED) inner.clear();
  inner.set(word, command);
  return command;
}

function create(name: string, words: 1 | 2): Command {
  return { name, words, secret: SECRET.has(name), effect: EFFECTS.get(name) ?? 'none', masked: [] };
}

function isLetter(byte: number): boolean {
  return (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
}
