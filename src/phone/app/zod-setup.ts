import { config } from 'zod';

/** Imported before any schema is made: without it zod tries whether `new Function` is allowed, which our policy reports. */
config({ jitless: true });
