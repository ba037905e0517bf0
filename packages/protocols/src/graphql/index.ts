export { describeRequestText, describeUrlQuery } from './describe.ts';
export { type RequestText, readRequestText, requestTextOf, skipRequestText } from './request-text.ts';
