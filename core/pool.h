// The threads that share long work.
//
//     parallel(chunks, work, context)   →   work(context, chunk, worker)   once for each chunk, on whoever is free
//
// Terms.  A *job* is one call of `parallel`; the thread that made it is the *caller*, worker 0.  *Helpers* are worker 1,
// 2, … threads() - 1: threads of our own which belong to nobody else, hold no lock of the host's and let every signal
// pass to the host's threads.  The first job that has more than one chunk starts them.
//
// Whoever is free claims the next chunk from one counter, so a slow or sleeping helper gets fewer, or none.  The caller
// claims like the others, and at the end it waits for chunks that a helper has claimed, never for a helper: on a
// machine whose processors are taken by others it does all the work at its own pace, and loses one wake-up call.
// Helpers look out for the next job for a tenth of a millisecond, then sleep until they are woken.  Each that wakes wakes
// two more while there are chunks to claim, so that the caller pays for two however many there are.
//
// - One job at a time is shared out.  Another caller meanwhile, and a `parallel` inside `work`, run alone.
// - What is computed must depend on the chunk and not on the worker: who does which chunk is chance.
// - `work` should not throw.  If it does, chunks that nobody has claimed are dropped, and the first exception reaches
//   the caller once the claimed ones have ended.  `work` must not fork, nor call the host, whose lock helpers lack.
// - A fork leaves the helpers behind: the child starts its own when it has a job, even if the fork came in the middle of
//   another thread's job.  Nothing is torn down at exit: the helpers and what they look at last as long as the process.
#pragma once
#include <cstdint>

namespace bant {

constexpr int max_threads = 256;

// How many threads share long work, the caller included; at least 1.
int threads();
// 0: as many as this process may use (processor set and control group); otherwise 1 … max_threads, or Error.  Holds from
// the next job on, and may be called at any time from any thread.
void set_threads(int count);

// Calls `work` for each chunk in [0, chunks) and returns when all are done.  `workers` bounds the worker numbers: who
// keeps something per worker reads threads() once, makes that many, and passes the number, as it may change meanwhile.
void parallel(int64_t chunks, void (*work)(void* context, int64_t chunk, int worker), void* context, int workers = max_threads);

// What the pool has done since the process began.
struct PoolReport {
    uint64_t jobs = 0;     // that were shared out
    uint64_t chunks = 0;   // of those jobs
    uint64_t helped = 0;   // of those, claimed by helpers
};
PoolReport pool_report();

}  // namespace bant
