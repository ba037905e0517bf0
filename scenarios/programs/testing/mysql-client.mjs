// What a program does with mysql2: text and binary protocol, several results, an error, a large value.
// mysql-client.mjs PORT
import mysql from 'mysql2/promise';

const options = {
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  user: 'root',
  database: 'shop',
  multipleStatements: true,
};
const connection = await mysql.createConnection(options);
await connection.query("SELECT name FROM items WHERE name = 'hidden'");
for (const id of [1, 2]) await connection.execute('SELECT name FROM items WHERE id = ?', [id]);
await connection.query('CALL both_lists()');
await connection.query('SELECT * FROM nowhere').catch(() => {});
await connection.query("SELECT REPEAT('x', 3000000) AS big");
await connection.query('SELECT seq, REPEAT("y", 100) AS filler FROM seq_1_to_2000');
await connection.query('SELECT 1; SELECT 2');
await connection.ping();
await connection.changeUser({ user: 'root', database: 'other' });
await connection.query('SELECT 3');
await connection.end();

const compressed = await mysql.createConnection({ ...options, compress: true });
await compressed.query("SELECT REPEAT('z', 5000) AS zipped FROM items");
await compressed.end();
