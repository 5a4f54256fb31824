/** Long workloads, crashed at random changes of the disk (see crash.ts). */
import { range, testCrashes } from './crash.ts';

testCrashes({ seeds: range(221, 300), statements: 9, sampled: 50 });
