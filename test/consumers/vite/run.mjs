// node run.mjs BUNDLE DIRECTORY
const { render, expose } = await import(`./${process.argv[2]}/app.mjs`);
render();
const { server, shared, body } = await expose(process.argv[3]);
console.log(JSON.stringify({ shared, body }));
await server.close();
