/**
 * Joint matching of calls to requests where no certain evidence is. Method, figures, what was tried and the limits:
 * docs/INFERENCE.md.
 */
export type { CallStart, Inference, InferenceSettings, RequestStart } from './stage.ts';
export { DEFAULT_SETTINGS, InferenceStage } from './stage.ts';
