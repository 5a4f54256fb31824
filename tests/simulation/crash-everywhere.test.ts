/** Short workloads, crashed at every I/O operation (see crash.ts). */
import { range, testCrashes } from './crash.ts';

testCrashes({ seeds: range(1, 220), statements: 6, sampled: null });
