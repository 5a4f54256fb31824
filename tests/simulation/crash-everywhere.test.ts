/** Short workloads, crashed at every change of the disk (see crash.ts). */
import { range, testCrashes } from './crash.ts';

testCrashes({ seeds: range(1, 220), statements: 3, sampled: null });
