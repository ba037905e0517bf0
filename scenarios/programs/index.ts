export * from './cgroup.ts';
export * from './find.ts';
export * from './go-build.ts';
export * from './launch.ts';
export * from './mariadb.ts';
export * from './ports.ts';
export * from './postgres.ts';
export * from './redis.ts';
