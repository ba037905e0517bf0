export declare const TESTED: string;
export declare function tested(protocol: string, program: string, version: string): void;
