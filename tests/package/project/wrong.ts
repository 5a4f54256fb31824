/** Must not compile. */
import { open } from 'driftdb-web';

const db = await open('memory://');
await db.query(1);
await db.close();
