// A small service as many are: Express, a counter in Redis, a row from PostgreSQL. It knows of no tracing.
//   GET /products/{id}
// CommonJS, since the SDK's register module sees only what is required.
const express = require('express');
const Redis = require('ioredis');
const { Pool } = require('pg');

const port = (name) => Number(process.env[name]);
const redis = new Redis({ host: '127.0.0.1', port: port('REDIS_PORT') });
const pool = new Pool({
  host: '127.0.0.1',
  port: port('POSTGRES_PORT'),
  user: 'postgres',
  database: 'postgres',
  max: 16,
});

const app = express();

app.get('/products/:id', async (request, response) => {
  const { id } = request.params;
  const views = await redis.incr(`views:${id}`);
  const { rows } = await pool.query('SELECT id, name, cents FROM products WHERE id = $1', [id]);
  if (rows.length === 0) response.status(404).json({ error: 'unknown product' });
  else response.json({ ...rows[0], views });
});

async function fill() {
  await pool.query('CREATE TABLE IF NOT EXISTS products (id int PRIMARY KEY, name text, cents int)');
  await pool.query(
    `INSERT INTO products SELECT i, 'product ' || i, 199 + i * 7 FROM generate_series(1, 100) AS i
     ON CONFLICT DO NOTHING`,
  );
}

fill().then(
  () => app.listen(port('PORT'), '127.0.0.1'),
  (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  },
);
