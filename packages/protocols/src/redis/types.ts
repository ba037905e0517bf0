/** Type bytes of RESP2 and RESP3. */
export const PLUS = 43;
export const MINUS = 45;
export const COLON = 58;
export const DOLLAR = 36;
export const STAR = 42;
export const PUSH = 62;
export const BANG = 33;
export const PERCENT = 37;
export const PIPE = 124;
export const TILDE = 126;
/** End of an aggregate whose size was not told, and a part of such a text: only within these. */
export const DOT = 46;
export const SEMICOLON = 59;

export const NONE = 0;
export const LINE = 1;
export const BULK = 2;
export const AGGREGATE = 3;
/** What each type byte of RESP2 and RESP3 begins. */
export const FORM = new Uint8Array(256);
for (const char of '+-:,(#_') FORM[char.charCodeAt(0)] = LINE;
for (const char of '$=!') FORM[char.charCodeAt(0)] = BULK;
for (const char of '*%~>|') FORM[char.charCodeAt(0)] = AGGREGATE;
