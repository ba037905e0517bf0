import type { AttributeValue } from '@weft/model';
import { latin1 } from '../bytes.ts';
import { type Message, TO_SERVER } from '../protocol.ts';
import { type Command, commandOf, commandWord, containedCommandOf, isContainer } from './commands.ts';
import { type Connection, rememberSpecial } from './connection.ts';
import type { RequestFlow } from './request-flow.ts';
import { maskedText, plainText } from './text.ts';

/** The command of which enough was kept, null if not even its first word was. */
export function commandRead(f: RequestFlow): Command | null {
  const text = f.text;
  if (text === null || f.ends.length === 0 || f.isCut[0]) return null;
  const word = commandWord(text, 0, f.ends[0]!);
  if (word === '') return null;
  if (f.ends.length > 1 && !f.isCut[1] && isContainer(word)) {
    const second = commandWord(text, f.ends[0]!, f.ends[1]!);
    if (second !== '') return containedCommandOf(word, second);
  }
  return commandOf(word);
}

/** The command is complete, or as complete as it will get. */
export function emit(c: Connection, f: RequestFlow, position: number): void {
  const command = commandRead(f);
  const hidden = c.mask || command === null || command.secret;
  const text =
    command === null
      ? ''
      : hidden
        ? maskedText(command, f.count - command.words)
        : plainText(f.text!, f.ends, f.isCut, f.ends.length === f.count);
  const attributes: Record<string, AttributeValue> = { 'db.system.name': 'redis' };
  if (command !== null) {
    attributes['db.operation.name'] = command.name;
    attributes['db.query.text'] = text;
    selectDatabase(c, command, f);
  }
  if (c.database !== '') attributes['db.namespace'] = c.database;
  // Replies to commands that were missed have been numbered.
  if (f.lost) c.requests = Math.max(c.requests, c.responses);
  f.lost = false;
  const answered = takesReply(c, command, f);
  const message: Message = {
    side: TO_SERVER,
    kind: answered ? 'request' : 'one-way',
    pairingId: null,
    start: f.start,
    name: command === null ? 'redis' : command.name,
    status: 'unset',
    attributes,
    carried: null,
  };
  if (answered) {
    const index = c.requests++;
    c.reply.awaitsTurn = false;
    if (command !== null) remember(c, command, index, f.count - 1);
    // Its name was not seen: only the reply can tell.
    else rememberSpecial(c, { index, kind: 'unknown', word: '', count: f.count - 1 });
  }
  c.sink.message(message);
  c.sink.end(message, position, null);
}

const DATABASE = /^[0-9]{1,6}$/;

/** Which database the connection is at: as the conventions have it, `db.namespace`. */
function selectDatabase(c: Connection, command: Command, f: RequestFlow): void {
  if (command.effect === 'reset') c.database = '0';
  if (command.effect !== 'select' || f.ends.length < 2) return;
  const number = latin1(f.text!, f.ends[0]!, f.ends[1]!);
  if (DATABASE.test(number)) c.database = number;
}

function remember(c: Connection, command: Command, index: number, count: number): void {
  switch (command.effect) {
    case 'monitor':
      c.monitors = true;
      break;
    case 'subscribe':
      c.subscriber = true;
      rememberSpecial(c, { index, kind: command.effect, word: command.name.toLowerCase(), count });
      break;
    case 'unsubscribe':
    case 'replicate':
      rememberSpecial(c, { index, kind: command.effect, word: command.name.toLowerCase(), count });
      break;
    case 'none':
    case 'select':
    case 'reset':
    case 'client-reply':
      break;
  }
}

/** Whether the server answers the command: `CLIENT REPLY OFF` and `SKIP` silence it. */
function takesReply(c: Connection, command: Command | null, f: RequestFlow): boolean {
  if (command?.effect === 'client-reply' && f.ends.length > 2) {
    const mode = commandWord(f.text!, f.ends[1]!, f.ends[2]!);
    if (mode === 'ON') {
      c.replyOff = false;
      c.replySkip = false;
      return true;
    }
    if (mode === 'OFF') c.replyOff = true;
    if (mode === 'SKIP' && !c.replyOff) c.replySkip = true;
    if (mode === 'OFF' || mode === 'SKIP') return false;
  }
  if (c.replyOff) return false;
  if (!c.replySkip) return true;
  c.replySkip = false;
  return false;
}
