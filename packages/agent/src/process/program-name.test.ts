import { describe, expect, it } from 'vitest';
import { programName } from './program-name.ts';

/** Command line, executable, working directory → name. */
const cases: readonly [argv: string, executable: string, directory: string, expected: string][] = [
  // Compiled programs
  ['./orders --port 80', '/srv/bin/orders', '/srv', 'orders'],
  ['nginx: worker process', '/usr/sbin/nginx', '/', 'nginx'],
  ['nginx: master process /usr/sbin/nginx -g daemon off;', '/usr/sbin/nginx', '/', 'nginx'],
  [
    'postgres: shop shop 10.0.0.1(4711) idle',
    '/usr/lib/postgresql/15/bin/postgres',
    '/var/lib/postgresql',
    'postgres',
  ],
  ['redis-server *:6379', '/usr/bin/redis-server', '/', 'redis-server'],
  ['/app/server', '/app/server', '/', 'server'],
  ['-bash', '/usr/bin/bash', '/root', 'bash'],
  ['sleep 10', '', '/', 'sleep'],
  ['', '', '', ''],
  // Python
  ['python3 /app/orders.py', '/usr/bin/python3.11', '/', 'orders'],
  ['python3 -u -X dev -W ignore orders.py --port 80', '/usr/bin/python3.11', '/srv/shop', 'orders'],
  ['python3 main.py', '/usr/bin/python3.11', '/srv/pricing', 'pricing'],
  ['python3 /srv/pricing/src/main.py', '/usr/bin/python3.11', '/', 'pricing'],
  ['python3 ../pricing/main.py', '/usr/bin/python3.11', '/srv/orders', 'pricing'],
  ['python3 /app/main.py', '/usr/bin/python3.11', '/', 'main'],
  ['python3 /home/ada/main.py', '/usr/bin/python3.11', '/', 'main'],
  ['python3 /home/ada/pricing/main.py', '/usr/bin/python3.11', '/', 'pricing'],
  ['python3 /tmp/tmp1x2y/server.py', '/usr/bin/python3.11', '/', 'server'],
  ['python -m pkg.mod --port 80', '/usr/bin/python3.11', '/', 'pkg.mod'],
  ['python -m shop.main', '/usr/bin/python3.11', '/', 'shop'],
  ['python -m http.server', '/usr/bin/python3.11', '/srv/docs', 'http'],
  ['python -c print(1)', '/usr/bin/python3.11', '/srv', 'python3.11'],
  ['python', '/usr/bin/python3.11', '/srv', 'python3.11'],
  ['python -m', '/usr/bin/python3.11', '/srv', 'python3.11'],
  ['python3 /usr/bin/gunicorn -w 4 shop.wsgi:app', '/usr/bin/python3.11', '/srv', 'shop'],
  ['python3 /usr/bin/uvicorn main:app', '/usr/bin/python3.11', '/srv/cart', 'cart'],
  ['python3 -m uvicorn cart.api:create_app() --port 80', '/usr/bin/python3.11', '/srv', 'cart'],
  ['python3 /usr/bin/celery -A billing worker', '/usr/bin/python3.11', '/srv', 'billing'],
  ['python3 /usr/bin/flask --app=billing:app run', '/usr/bin/python3.11', '/srv', 'billing'],
  ['python3 /usr/bin/gunicorn -c conf.py', '/usr/bin/python3.11', '/srv', 'gunicorn'],
  ['python3 manage.py runserver', '/usr/bin/python3.11', '/srv/shop', 'shop'],
  // Node
  ['node orders.js', '/usr/bin/node', '/srv', 'orders'],
  ['node --inspect -r dotenv/config dist/index.js', '/usr/bin/node', '/srv/cart', 'cart'],
  ['node server.js', '/usr/bin/node', '/srv/checkout', 'checkout'],
  ['node server.js', '/usr/bin/node', '/app', 'server'],
  ['node server.js', '/usr/bin/node', '', 'server'],
  ['node /srv/shop/node_modules/.bin/next start', '/usr/bin/node', '/srv/shop', 'shop'],
  ['node -e 1', '/usr/bin/node', '/srv/shop', 'node'],
  ['node --import tsx cart.ts', '/usr/bin/node', '/srv', 'cart'],
  ['deno run --allow-net cart.ts', '/usr/bin/deno', '/srv', 'cart'],
  // Others
  ['ruby bin/cart.rb', '/usr/bin/ruby3.1', '/srv', 'cart'],
  ['puma 6.4.0 (tcp://0.0.0.0:3000) [shop]', '/usr/bin/ruby3.1', '/srv', 'puma'],
  ['php -S 0.0.0.0:80', '/usr/bin/php8.2', '/srv', 'php8.2'],
  ['php -S 0.0.0.0:80 -t public router.php', '/usr/bin/php8.2', '/srv', 'router'],
  ['dotnet Cart.dll', '/usr/bin/dotnet', '/app', 'Cart'],
  ['sh -c exec sleep 1', '/bin/dash', '/', 'dash'],
  ['bash /dev/fd/3', '/bin/bash', '/srv', 'bash'],
  ['/sbin/agent run', '/memfd:sealed-1', '/', 'agent'],
  ['bash /srv/backup.sh', '/bin/bash', '/', 'backup'],
  // Java
  ['java -jar app.jar', '/usr/bin/java', '/', 'app'],
  [
    'java -Xmx1g -jar /srv/orders-0.0.1-SNAPSHOT.jar --port=1',
    '/usr/lib/jvm/java-17/bin/java',
    '/',
    'orders',
  ],
  ['java -cp /a:/b com.shop.orders.OrderService', '/usr/bin/java', '/', 'OrderService'],
  ['java -cp a.jar com.shop.orders.Main', '/usr/bin/java', '/', 'orders'],
  ['java Main', '/usr/bin/java', '/', 'Main'],
  ['java -m com.shop/com.shop.Orders', '/usr/bin/java', '/', 'Orders'],
  ['java -Dspring.application.name=cart -jar x.jar', '/usr/bin/java', '/', 'cart'],
  ['java Orders.java', '/usr/bin/java', '/', 'Orders'],
  ['java -version', '/usr/bin/java', '/', 'java'],
  ['java -jar', '/usr/bin/java', '/', 'java'],
];

/** One argument where a program wrote a title over its arguments. */
function argumentsOf(line: string): string[] {
  return /^(nginx|postgres|puma)/.test(line) ? [line] : line.split(' ').filter((word) => word !== '');
}

describe('programName', () => {
  it.each(cases)('%s (%s in %s) → %s', (line, executable, directory, expected) => {
    expect(programName({ argv: argumentsOf(line), executable, directory })).toBe(expected);
  });
});
