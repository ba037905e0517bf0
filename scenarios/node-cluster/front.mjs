// The front of node-event-loop in four processes: the first one accepts and hands each connection to one of the others.
import cluster from 'node:cluster';

if (cluster.isPrimary) {
  for (let i = 0; i < 4; i++) cluster.fork();
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM');
    cluster.on('exit', () => {
      if (Object.keys(cluster.workers).length === 0) process.exit(0);
    });
  });
} else {
  await import('../node-event-loop/front.mjs');
}
