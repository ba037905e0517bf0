export type { Odds } from './nodes.ts';
export { DEFAULT_JOINT_SETTINGS, type JointSettings, JointStage } from './stage.ts';
