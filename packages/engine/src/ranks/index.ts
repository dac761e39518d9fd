export { launchedIn, type Launched } from './launched.js';
export { WHOLE, type Leaves } from './leaves.js';
export { meet, meetFailed } from './meeting.js';
export { openedRanks, ranksOfProcess, TRY_AGAIN, type MpiRanks } from './mpiRanks.js';
export { ONE_RANK, partOf, shareOut, type Ranks } from './ranks.js';
