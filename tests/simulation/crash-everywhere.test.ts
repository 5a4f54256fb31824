/** Short workloads, crashed at every change of the disk (see crash.ts). */
import { range, testCrashes } from './crash.ts';

testCrashes({ seeds: range(1, 180), statements: 5, sampled: null });
