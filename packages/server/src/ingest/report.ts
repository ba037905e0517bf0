import { type AgentReport, err, ok, type Result } from '@weft/model';

const MAX_ENTRIES = 256;
const MAX_TEXT = 1024;

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isRecord<T>(value: unknown, isValue: (value: unknown) => value is T): value is Record<string, T> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= MAX_ENTRIES && entries.every(([key, entry]) => isText(key) && isValue(entry));
}

/** Reads an agent's report; the error names the first field that is not as it must be. */
export function parseReport(bytes: Uint8Array): Result<AgentReport> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return err('The report is no JSON.');
  }
  if (typeof value !== 'object' || value === null) return err('The report is no JSON object.');
  const fields = value as Record<string, unknown>;
  const checks: readonly (readonly [keyof AgentReport, boolean])[] = [
    ['agentId', isText(fields['agentId']) && fields['agentId'] !== ''],
    ['hostname', isText(fields['hostname'])],
    ['version', isText(fields['version'])],
    ['tier', isText(fields['tier'])],
    ['hooks', isRecord(fields['hooks'], isText)],
    ['events', isCount(fields['events'])],
    ['capturedBytes', isCount(fields['capturedBytes'])],
    ['spans', isCount(fields['spans'])],
    ['lost', isRecord(fields['lost'], isCount)],
    ['cpuSeconds', isCount(fields['cpuSeconds'])],
    ['residentBytes', isCount(fields['residentBytes'])],
    ['tracedShare', isCount(fields['tracedShare'])],
    ['payloadBytes', isCount(fields['payloadBytes'])],
    ['settledUntilUnixNano', /^\d{1,19}$/.test(String(fields['settledUntilUnixNano']))],
  ];
  const bad = checks.find((check) => !check[1]);
  return bad === undefined
    ? ok(value as AgentReport)
    : err(`The report's field ${bad[0]} is missing or wrong.`);
}
