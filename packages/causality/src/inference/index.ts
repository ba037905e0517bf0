export type { CallStart, Inference, InferenceSettings, RequestStart } from './stage.ts';
export { DEFAULT_SETTINGS, InferenceStage } from './stage.ts';
