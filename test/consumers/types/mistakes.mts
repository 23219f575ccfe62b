// None of these compiles; the test names line and code.
import { counter, histogram, label } from '@binnacle/metrics';

const labels = { status: ['ok', 'failed'], customer: label } as const;
const uploads = counter({ name: 'uploads_total', help: 'U', labels });
uploads.inc({ status: 'ok' });
uploads.inc({ status: 'ok', customer: 'acme', colour: 'red' });
uploads.inc({ status: 'lost', customer: 'acme' });
uploads.inc();
counter({ name: 'uploads', help: 'U' });
histogram({ name: 'took', unit: 'seconds', help: 'T' });
histogram({ name: 'size_bytes', unit: 'bytes', help: 'S' }).observeMs(3);
