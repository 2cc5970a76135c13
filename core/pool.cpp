// Start reading at `parallel`, then `share_out`, `take_chunk` and `help`.
//
// One word, `Pool::claims`, holds the number of the job and how many of its chunks are unclaimed.  Claiming is one
// compare-and-exchange that counts down.  Because the number is in the word, a helper that was interrupted between
// reading what the job is and claiming cannot claim a chunk of a later job with the facts of an earlier one: the facts
// are overwritten only after the word has reached 0, and then the exchange fails.  So nobody ever waits for a helper
// that has claimed nothing.
#include "pool.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#if defined(__linux__)
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "error.h"
#include "platform.h"

namespace bant {

namespace {

using Work = void (*)(void*, int64_t, int);

constexpr uint64_t unclaimed_mask = (uint64_t{1} << 24) - 1;   // of `claims`: the rest is the number of the job
constexpr auto patience = std::chrono::microseconds(100);      // sleeping and waking cost some tens
constexpr size_t line = 64;                                    // bytes that processors exchange

// ---- what the system must do for us

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t) && std::atomic<uint32_t>::is_always_lock_free);

// Sleeping until another thread changes a word.
class Parking {
public:
#if defined(__linux__)
    // Sleeps while `word` is `value`; may also come back for no reason.
    void wait(std::atomic<uint32_t>& word, uint32_t value) { syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0); }
    // Wakes at most `count` of those who sleep on `word`.
    void wake(std::atomic<uint32_t>& word, int count) { syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0); }
#else
    void wait(std::atomic<uint32_t>& word, uint32_t value) {
        pthread_mutex_lock(&mutex_);
        if (word.load(std::memory_order_seq_cst) == value) pthread_cond_wait(&changed_, &mutex_);
        pthread_mutex_unlock(&mutex_);
    }
    void wake(std::atomic<uint32_t>&, int) {
        pthread_mutex_lock(&mutex_);   // whoever has looked at the word is asleep by now
        pthread_mutex_unlock(&mutex_);
        pthread_cond_broadcast(&changed_);
    }
private:
    pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed_ = PTHREAD_COND_INITIALIZER;
#endif
};

#if defined(__linux__)
int processor_now() { return sched_getcpu(); }

// The system likes to wake a thread where the one that woke it runs.  Caller and helper would then take turns on one
// processor, and can do so for a long time.  Where this thread may run was noted when it began.
void leave_processor(int processor) {
    static thread_local cpu_set_t allowed;
    static thread_local bool noted = false;
    if (!noted) noted = sched_getaffinity(0, sizeof allowed, &allowed) == 0;
    if (!noted || processor < 0 || processor >= CPU_SETSIZE || sched_getcpu() != processor) return;
    cpu_set_t others = allowed;
    CPU_CLR(processor, &others);
    if (CPU_COUNT(&others)) sched_setaffinity(0, sizeof others, &others);
}
#else
int processor_now() { return -1; }
void leave_processor(int) {}
#endif

inline void pause_processor() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// How this thread rounds and whether it flushes denormals.  Helpers take it over from the caller, else a result would
// depend on who computed it in programs that change it (some libraries do when they are loaded).
#if defined(__SSE__)
constexpr unsigned exception_flags = 0x3f;   // of the register: what has happened, not how to compute
uint64_t float_mode() { return _mm_getcsr() & ~exception_flags; }
void set_float_mode(uint64_t mode) { _mm_setcsr(static_cast<unsigned>(mode)); }
#elif defined(__aarch64__)
uint64_t float_mode() {
    uint64_t mode;
    asm volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}
void set_float_mode(uint64_t mode) { asm volatile("msr fpcr, %0" : : "r"(mode)); }
#else
uint64_t float_mode() { return 0; }
void set_float_mode(uint64_t) {}
#endif

// ---- the state

struct Pool;

struct Slot {
    Pool* pool = nullptr;
    int worker = 0;
    std::atomic<bool> filled{false};   // a helper of this number runs; who clears this has left
};

// Everything helpers look at.  Made for the first job, never deleted: a helper may wake up while the process ends.
struct Pool {
    // The job.  The facts are written before `claims`, and stay until all chunks are claimed.
    alignas(line) std::atomic<uint64_t> claims{0};   // the job's number above, the number of unclaimed chunks below
    std::atomic<Work> work{nullptr};
    std::atomic<void*> context{nullptr};
    std::atomic<int64_t> end{0};                     // one past the job's last chunk
    std::atomic<int> workers{0};                     // helpers from this number on keep out
    std::atomic<uint64_t> mode{0};                   // the caller's float_mode
    std::atomic<int> processor{-1};                  // that the caller runs on; -1: not known

    // Its end.
    alignas(line) std::atomic<uint32_t> finished{0};   // chunks that were done, or dropped
    std::atomic<uint32_t> waiting{0};                  // the caller sleeps on `finished`
    std::atomic<bool> failed{false};
    std::exception_ptr error;                          // of the worker that set `failed`

    // Sleeping helpers.
    alignas(line) std::atomic<uint32_t> bell{0};       // they sleep until it rings, that is, changes
    std::atomic<int> sleepers{0};

    // The caller's, who owns the pool while `taken`.
    alignas(line) std::atomic<bool> taken{false};
    uint64_t number = 0;                               // of the latest job
    int filled_below = 0;                              // slots that were found filled, or filled, after…
    uint64_t seen_changes = 0;                         // … so many calls of set_threads
    bool refused = false;                              // the system would start no more threads
    Slot slots[max_threads];

    Parking parking;
    Pool* previous = nullptr;   // the one that a fork left behind: memory that the child cannot know to be unused

    Pool() {
        for (int worker = 0; worker < max_threads; ++worker) {
            slots[worker].pool = this;
            slots[worker].worker = worker;
        }
    }
};

std::atomic<Pool*> current{nullptr};
std::atomic<Pool*> left_behind{nullptr};
std::atomic<int> chosen{0};          // threads(); 0: not asked for yet
std::atomic<uint64_t> changes{0};    // of it: helpers leave only after one
std::atomic<bool> crowded{false};    // more threads than processors: then looking out only takes time from those who work
std::atomic<uint64_t> jobs_shared{0}, chunks_shared{0}, chunks_helped{0};
thread_local bool inside = false;    // this thread is a helper, or a caller whose job is shared out

// Runs in the child of a fork, where only the forking thread is left; the pool may have been in any state.
void leave_pool_behind() {
    if (Pool* pool = current.exchange(nullptr)) left_behind.store(pool);
}
[[maybe_unused]] const int fork_handler = pthread_atfork(nullptr, nullptr, leave_pool_behind);

Pool& the_pool() {
    Pool* pool = current.load(std::memory_order_acquire);
    if (pool) return *pool;
    Pool* fresh = new Pool;
    fresh->previous = left_behind.load();
    if (current.compare_exchange_strong(pool, fresh, std::memory_order_acq_rel)) return *fresh;
    delete fresh;
    return *pool;
}

int settle_threads(int count) {
    const int usable = std::min(usable_processors(), max_threads);
    if (count == 0) count = usable;
    crowded.store(count > usable, std::memory_order_relaxed);
    return count;
}

// ---- claiming

bool has_chunk_for(const Pool& pool, int worker) {
    return (pool.claims.load(std::memory_order_seq_cst) & unclaimed_mask) != 0 && worker < pool.workers.load(std::memory_order_relaxed);
}

// What happens when `work` throws: nobody claims any more.  Returns how many chunks were dropped.
uint32_t give_up(Pool& pool) {
    if (!pool.failed.exchange(true)) pool.error = std::current_exception();
    return static_cast<uint32_t>(pool.claims.fetch_and(~unclaimed_mask, std::memory_order_acq_rel) & unclaimed_mask);
}

// Claims a chunk and does it; false if there is none for this worker.
bool take_chunk(Pool& pool, int worker) {
    uint64_t claim = pool.claims.load(std::memory_order_acquire);
    for (;;) {
        const auto unclaimed = static_cast<int64_t>(claim & unclaimed_mask);
        if (unclaimed == 0 || worker >= pool.workers.load(std::memory_order_relaxed)) return false;
        const Work work = pool.work.load(std::memory_order_relaxed);
        void* const context = pool.context.load(std::memory_order_relaxed);
        const int64_t chunk = pool.end.load(std::memory_order_relaxed) - unclaimed;
        const uint64_t mode = pool.mode.load(std::memory_order_relaxed);
        // "release" too: what was read above is read before the caller of a later job can see the claim, and write.
        if (!pool.claims.compare_exchange_weak(claim, claim - 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
        if (float_mode() != mode) set_float_mode(mode);
        uint32_t ended = 1;
        try {
            work(context, chunk, worker);
        } catch (...) {
            ended += give_up(pool);
        }
        pool.finished.fetch_add(ended, std::memory_order_seq_cst);
        if (pool.waiting.load(std::memory_order_seq_cst)) pool.parking.wake(pool.finished, 1);
        return true;
    }
}

// Looks out for `ready()` for a while.
template <class Ready>
bool look_out(Ready&& ready) {
    if (ready()) return true;
    if (crowded.load(std::memory_order_relaxed)) return false;
    const auto until = std::chrono::steady_clock::now() + patience;
    do {
        for (int i = 0; i < 16; ++i) {
            pause_processor();
            if (ready()) return true;
        }
    } while (std::chrono::steady_clock::now() < until);
    return false;
}

// ---- helpers

void ring(Pool& pool, int count) {
    pool.bell.fetch_add(1, std::memory_order_seq_cst);
    pool.parking.wake(pool.bell, count);
}

bool surplus(int worker) { return worker >= chosen.load(std::memory_order_seq_cst); }

void await_job(Pool& pool, int worker) {
    if (look_out([&] { return has_chunk_for(pool, worker); })) return leave_processor(pool.processor.load(std::memory_order_relaxed));
    const uint32_t before = pool.bell.load(std::memory_order_seq_cst);
    // First be counted, then look once more: a caller first publishes its job, then looks whether anybody sleeps.
    pool.sleepers.fetch_add(1, std::memory_order_seq_cst);
    if (!has_chunk_for(pool, worker) && !surplus(worker)) pool.parking.wait(pool.bell, before);
    const int others = pool.sleepers.fetch_sub(1, std::memory_order_seq_cst) - 1;
    if (others > 0 && has_chunk_for(pool, worker)) ring(pool, 2);
    leave_processor(pool.processor.load(std::memory_order_relaxed));
}

void* help(void* argument) {
    Slot& slot = *static_cast<Slot*>(argument);
    Pool& pool = *slot.pool;
    inside = true;
    char name[16];
    std::snprintf(name, sizeof name, "bant-%d", slot.worker);
#if defined(__APPLE__)
    pthread_setname_np(name);
#elif defined(__linux__)
    pthread_setname_np(pthread_self(), name);
#endif
    for (;;) {
        while (!surplus(slot.worker))
            if (!take_chunk(pool, slot.worker)) await_job(pool, slot.worker);
        slot.filled.store(false, std::memory_order_seq_cst);
        // Wanted again meanwhile?  Then a caller may have found the slot filled, and relies on it.
        if (surplus(slot.worker) || slot.filled.exchange(true, std::memory_order_seq_cst)) return nullptr;
    }
}

// Fills the slots below `workers`; the caller owns the pool.
void start_helpers(Pool& pool, int workers) {
    if (const uint64_t now = changes.load(std::memory_order_seq_cst); now != pool.seen_changes) {
        pool.seen_changes = now;
        pool.filled_below = 0;
        pool.refused = false;
    }
    if (workers <= pool.filled_below || pool.refused) return;
    keep_loaded();   // helpers never return from this library's code
    // A new thread inherits the mask: signals go to the host's threads, who know what to do.  Not the faults of the
    // thread itself, which would end the process without the report that a handler may give.
    sigset_t hidden, before;
    sigfillset(&hidden);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) sigdelset(&hidden, fault);
    pthread_sigmask(SIG_SETMASK, &hidden, &before);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, size_t{4} << 20);   // some systems give half a megabyte
    for (int worker = std::max(1, pool.filled_below); worker < workers && !pool.refused; ++worker) {
        Slot& slot = pool.slots[worker];
        if (slot.filled.exchange(true, std::memory_order_seq_cst)) continue;
        pthread_t thread;
        if (pthread_create(&thread, &attributes, help, &slot) == 0) continue;
        slot.filled.store(false, std::memory_order_relaxed);
        pool.refused = true;   // those there are do more
    }
    pool.filled_below = workers;
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// ---- callers

// Owns the pool, if nobody else did.
class Taken {
public:
    explicit Taken(Pool& pool) : pool_(pool), owned_(!pool.taken.exchange(true, std::memory_order_acquire)) { inside |= owned_; }
    ~Taken() {
        if (!owned_) return;
        inside = false;
        pool_.taken.store(false, std::memory_order_release);
    }
    Taken(const Taken&) = delete;
    explicit operator bool() const { return owned_; }
private:
    Pool& pool_;
    bool owned_;
};

void await_end(Pool& pool, uint32_t count) {
    if (look_out([&] { return pool.finished.load(std::memory_order_acquire) == count; })) return;
    pool.waiting.store(1, std::memory_order_seq_cst);
    for (;;) {
        const uint32_t finished = pool.finished.load(std::memory_order_seq_cst);
        if (finished == count) break;
        pool.parking.wait(pool.finished, finished);
    }
    pool.waiting.store(0, std::memory_order_relaxed);
}

// One job of chunks [begin, end), at most as many as `claims` can count.
void share_out(Pool& pool, int64_t begin, int64_t end, Work work, void* context, int workers) {
    const auto count = static_cast<uint32_t>(end - begin);
    pool.work.store(work, std::memory_order_relaxed);
    pool.context.store(context, std::memory_order_relaxed);
    pool.end.store(end, std::memory_order_relaxed);
    pool.workers.store(workers, std::memory_order_relaxed);
    pool.mode.store(float_mode(), std::memory_order_relaxed);
    pool.processor.store(processor_now(), std::memory_order_relaxed);
    pool.finished.store(0, std::memory_order_relaxed);
    pool.claims.store((++pool.number * (unclaimed_mask + 1)) | count, std::memory_order_seq_cst);
    if (pool.sleepers.load(std::memory_order_seq_cst)) {
        // Who wakes cannot be chosen: where some must keep out, all are woken.
        const int wakened = workers < pool.filled_below ? max_threads : static_cast<int>(std::min(count - 1, 2u));
        if (wakened > 0) ring(pool, wakened);
    }
    uint64_t own = 0;
    while (take_chunk(pool, 0)) ++own;
    await_end(pool, count);
    jobs_shared.fetch_add(1, std::memory_order_relaxed);
    chunks_shared.fetch_add(count, std::memory_order_relaxed);
    if (pool.failed.load(std::memory_order_relaxed)) {
        pool.failed.store(false, std::memory_order_relaxed);
        std::rethrow_exception(std::exchange(pool.error, nullptr));
    }
    chunks_helped.fetch_add(count - own, std::memory_order_relaxed);
}

}  // namespace

int threads() {
    int count = chosen.load(std::memory_order_relaxed);
    if (count) return count;
    const int usable = settle_threads(0);
    return chosen.compare_exchange_strong(count, usable) ? usable : count;
}

void set_threads(int count) {
    if (count < 0 || count > max_threads)
        fail(ErrorKind::value, "The number of threads must be 1 to " + std::to_string(max_threads) + ", or 0 for as many as this process may use, not " +
                                   std::to_string(count) + ".");
    chosen.store(settle_threads(count), std::memory_order_seq_cst);
    changes.fetch_add(1, std::memory_order_seq_cst);
    if (Pool* pool = current.load(std::memory_order_acquire)) ring(*pool, max_threads);   // those who are too many leave
}

void parallel(int64_t chunks, Work work, void* context, int workers) {
    if (chunks > 1 && workers > 1 && !inside) {
        workers = std::min(workers, threads());
        if (workers > 1) {
            Pool& pool = the_pool();
            if (const Taken taken{pool}) {
                start_helpers(pool, static_cast<int>(std::min<int64_t>(workers, chunks)));
                const auto most = static_cast<int64_t>(unclaimed_mask);
                for (int64_t begin = 0; begin < chunks; begin += most) share_out(pool, begin, std::min(chunks, begin + most), work, context, workers);
                return;
            }
        }
    }
    for (int64_t chunk = 0; chunk < chunks; ++chunk) work(context, chunk, 0);
}

PoolReport pool_report() {
    PoolReport report;
    report.jobs = jobs_shared.load(std::memory_order_relaxed);
    report.chunks = chunks_shared.load(std::memory_order_relaxed);
    report.helped = chunks_helped.load(std::memory_order_relaxed);
    return report;
}

}  // namespace bant
