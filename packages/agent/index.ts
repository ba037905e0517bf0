export { type RunningAgent, startAgent } from './src/agent.ts';
export { cgroupFolder, cgroupMount } from './src/capture/cgroup.ts';
export { CpuRings } from './src/capture/cpu-rings.ts';
export { type HookReport, type KernelReport, probeKernel, type TierReport } from './src/capture/probe.ts';
export * from './src/options.ts';
export { type RecordingState, type RecordOptions, recordEvents } from './src/recording/record.ts';
export { replayBytes, replayRecording } from './src/recording/replay.ts';
export type { Replayed, ReplayOptions } from './src/recording/replayed.ts';
