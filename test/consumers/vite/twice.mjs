// Two bundles of one program in one process, each with its copy of the package, as Next.js makes them: node twice.mjs DIRECTORY
import * as one from './inside/app.mjs';
import * as two from './second/app.mjs';

one.render();
two.render();
const { server, body } = await one.expose(process.argv[2]);
two.render();
const again = await two.expose(process.argv[2]);
console.log(
  JSON.stringify({
    copies: one.render !== two.render,
    sameMetric: one.pages === two.pages,
    sameServer: again.server === server,
    before: body,
    body: again.body,
  }),
);
await server.close();
