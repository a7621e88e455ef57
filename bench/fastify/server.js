// The tasks API as an idiomatic Fastify program: JSON schemas, @fastify/jwt, a pg pool, prepared statements.
import { createPublicKey } from 'node:crypto'
import Fastify from 'fastify'
import jwt from '@fastify/jwt'
import pg from 'pg'

const { DATABASE_URL, BETTER_AUTH_SECRET, BETTER_AUTH_URL, PORT } = process.env
const PRIORITIES = ['low', 'medium', 'high']

pg.types.setTypeParser(pg.types.builtins.INT8, Number)
// JavaScript's Date would lose the microseconds.
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) =>
  text.replace(' ', 'T').replace(/(\.\d+)?\+00$/, (_, fraction) => (fraction ? fraction.padEnd(7, '0') : '') + 'Z'))
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10, options: '-c timezone=UTC' })

async function key () {
  if (!BETTER_AUTH_URL) return { secret: BETTER_AUTH_SECRET, verify: { algorithms: ['HS256'] } }
  const { keys } = await (await fetch(`${BETTER_AUTH_URL}/api/auth/jwks`)).json()
  const pem = createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const verify = { algorithms: ['EdDSA'], allowedIss: BETTER_AUTH_URL, allowedAud: BETTER_AUTH_URL }
  return { secret: { public: pem }, verify }
}

const nullable = (type) => ({ type, nullable: true })
const due = {
  type: 'object',
  nullable: true,
  required: ['date'],
  properties: { date: { type: 'string' }, time: nullable('string'), timezone: nullable('string') }
}
const properties = {
  title: { type: 'string', minLength: 1, maxLength: 200 },
  description: { type: 'string', nullable: true, maxLength: 1000 },
  complete: { type: 'boolean' },
  priority: { enum: PRIORITIES },
  due,
  tags: { type: 'array', maxItems: 20, items: { type: 'string', minLength: 1, maxLength: 50 } }
}
const task = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    user_id: { type: 'string' },
    ...properties,
    priority: { type: 'string' },
    completed_at: nullable('string'),
    created_at: { type: 'string' },
    updated_at: { type: 'string' },
    revision: { type: 'integer' }
  }
}
const page = {
  type: 'object',
  properties: {
    tasks: { type: 'array', items: task },
    count: { type: 'integer' },
    next_cursor: nullable('string'),
    revision: { type: 'integer' }
  }
}

function taskOf (row) {
  const [date, time] = row.due ? row.due.split('T') : []
  return {
    ...row,
    complete: row.completed_at !== null,
    priority: PRIORITIES[row.priority - 1],
    due: row.due && { date, time: time === '24:00' ? null : time, timezone: row.due_timezone },
    tags: row.tags ? row.tags.split('\n') : []
  }
}

// The columns of the fields of a body.
const COLUMNS = {
  title: (title) => ({ title: title.trim(), title_key: title.trim().toLowerCase() }),
  description: (text) => ({ description: text, description_key: text && text.toLowerCase() }),
  complete: (complete) => ({ completed_at: complete ? new Date() : null }),
  priority: (priority) => ({ priority: PRIORITIES.indexOf(priority) + 1 }),
  due: (due) => ({ due: due && `${due.date}T${due.time ?? '24:00'}`, due_timezone: due && due.timezone }),
  tags: (tags) => ({ tags: tags.join('\n'), tags_key: tags.map((tag) => `\n${tag.toLowerCase()}\n`).join('') })
}
const columnsOf = (body) => Object.assign({}, ...Object.entries(body).map(([name, value]) => COLUMNS[name](value)))

const SELECTED = `user_id, id, title, description, completed_at, priority, due, due_timezone, tags,
  created_at, updated_at, revision`
const GET = `SELECT ${SELECTED} FROM tasks WHERE user_id = $1 AND id = $2 AND deleted_at IS NULL`
const LIST = `SELECT list.revision AS list_revision, page.* FROM task_lists list LEFT JOIN LATERAL (
  SELECT ${SELECTED} FROM tasks WHERE user_id = list.user_id AND deleted_at IS NULL ORDER BY created_at, id LIMIT $2
  ) page ON true WHERE list.user_id = $1 ORDER BY page.created_at, page.id`
const CREATE = `WITH list AS (INSERT INTO task_lists (user_id, revision, last_task_id, forgotten_revision)
  VALUES ($1, 1, 1, 0) ON CONFLICT (user_id) DO UPDATE
  SET revision = task_lists.revision + 1, last_task_id = task_lists.last_task_id + 1 RETURNING revision, last_task_id)
  INSERT INTO tasks (user_id, id, revision, title, title_key, description, description_key, completed_at, priority,
    due, due_timezone, tags, tags_key, created_at, updated_at)
  SELECT $1, last_task_id, revision, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now(), now() FROM list
  RETURNING ${SELECTED}`
const patchOf = (columns) => `WITH task AS MATERIALIZED (
  SELECT id FROM tasks WHERE user_id = $1 AND id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE),
  list AS (UPDATE task_lists SET revision = task_lists.revision + 1 FROM task WHERE user_id = $1
    RETURNING task_lists.revision)
  UPDATE tasks SET ${columns.map((column, index) => column === 'completed_at'
    ? `completed_at = CASE WHEN $${index + 3}::timestamptz IS NOT NULL THEN coalesce(completed_at, $${index + 3}) END`
    : `${column} = $${index + 3}`).join(', ')},
    revision = list.revision, updated_at = greatest(updated_at, now())
  FROM list WHERE user_id = $1 AND id = $2 RETURNING ${SELECTED.replace('revision', 'tasks.revision')}`

const fastify = Fastify({ ajv: { customOptions: { coerceTypes: false, removeAdditional: false } } })
const { secret, verify } = await key()
await fastify.register(jwt, { secret, verify: { ...verify, cache: true, requiredClaims: ['exp'] } })

fastify.setErrorHandler((error, _, reply) =>
  reply.code(error.validation ? 422 : error.statusCode ?? 500).send({ detail: error.message }))
fastify.get('/health', async () => ({ status: 'ok' }))

await fastify.register(async (tasks) => {
  tasks.addHook('onRequest', async (request, reply) => {
    await request.jwtVerify()
    if (request.user.user_id !== request.params.user_id) return reply.code(403).send({ error_code: 'AUTH_FORBIDDEN' })
  })

  const send = (reply, row) =>
    row ? reply.header('etag', `"${row.revision}"`).send(taskOf(row)) : reply.code(404).send({ error_code: 'NOT_FOUND' })

  tasks.get('/:id', { schema: { response: { 200: task } } }, async (request, reply) => {
    const { user_id: user, id } = request.params
    const { rows } = await pool.query({ name: 'get', text: GET, values: [user, id] })
    return send(reply, rows[0])
  })

  const querystring = { type: 'object', properties: { limit: { type: 'string', pattern: '^[1-9]\\d{0,2}$' } } }
  tasks.get('/', { schema: { querystring, response: { 200: page } } }, async (request, reply) => {
    const limit = Number(request.query.limit ?? 100)
    const { rows } = await pool.query({ name: 'list', text: LIST, values: [request.params.user_id, limit + 1] })
    const revision = rows[0]?.list_revision ?? 0
    const found = rows.filter((row) => row.id !== null).slice(0, limit).map(taskOf)
    reply.header('etag', `W/"${revision}"`)
    const nextCursor = rows.length > limit ? Buffer.from(`${found.at(-1).id}`).toString('base64url') : null
    return { tasks: found, count: found.length, next_cursor: nextCursor, revision }
  })

  const body = { type: 'object', properties, additionalProperties: false }
  tasks.post('/', { schema: { body: { ...body, required: ['title'] }, response: { 201: task } } }, async (request, reply) => {
    const user = request.params.user_id
    const row = {
      description: null, description_key: null, completed_at: null, priority: 2, due: null, due_timezone: null,
      tags: '', tags_key: '', ...columnsOf(request.body)
    }
    const values = [user, row.title, row.title_key, row.description, row.description_key, row.completed_at,
      row.priority, row.due, row.due_timezone, row.tags, row.tags_key]
    const { rows: [created] } = await pool.query({ name: 'create', text: CREATE, values })
    return send(reply.code(201).header('location', `/api/${user}/tasks/${created.id}`), created)
  })

  tasks.patch('/:id', { schema: { body: { ...body, minProperties: 1 }, response: { 200: task } } }, async (request, reply) => {
    const { user_id: user, id } = request.params
    const columns = columnsOf(request.body)
    const names = Object.keys(columns)
    const values = [user, id, ...Object.values(columns)]
    const { rows } = await pool.query({ name: `patch ${names}`, text: patchOf(names), values })
    return send(reply, rows[0])
  })
}, { prefix: '/api/:user_id/tasks' })

await fastify.listen({ host: '127.0.0.1', port: Number(PORT) })
