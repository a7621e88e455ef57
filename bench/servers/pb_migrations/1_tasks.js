// The tasks of the benchmark in PocketBase: a collection with rules that limit every user to their own records.
migrate((app) => {
  const users = app.findCollectionByNameOrId('users')
  users.fields.getByName('password').cost = 4 // signing in is not measured
  app.save(users)

  // Without an administrator, PocketBase opens a page in the browser to create one.
  const administrator = new Record(app.findCollectionByNameOrId('_superusers'))
  administrator.setEmail('administrator@bench.example')
  administrator.setRandomPassword()
  app.save(administrator)

  const own = 'user = @request.auth.id'
  app.save(new Collection({
    type: 'base',
    name: 'tasks',
    listRule: own,
    viewRule: own,
    createRule: own,
    updateRule: own,
    deleteRule: own,
    fields: [
      { name: 'user', type: 'relation', collectionId: users.id, required: true, maxSelect: 1, cascadeDelete: true },
      { name: 'title', type: 'text', required: true, max: 200 },
      { name: 'description', type: 'text', max: 1000 },
      { name: 'complete', type: 'bool' },
      { name: 'priority', type: 'select', values: ['low', 'medium', 'high'], maxSelect: 1 },
      { name: 'due', type: 'json' },
      { name: 'tags', type: 'json' },
      { name: 'created', type: 'autodate', onCreate: true },
      { name: 'updated', type: 'autodate', onCreate: true, onUpdate: true }
    ],
    indexes: ['CREATE INDEX tasks_by_creation ON tasks (user, created, id)']
  }))
}, (app) => app.delete(app.findCollectionByNameOrId('tasks')))
