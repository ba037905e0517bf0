export { type Capture, readCapture } from './capture.ts';
export type { CaptureRefusal, Packet, TcpFlags } from './packet.ts';
