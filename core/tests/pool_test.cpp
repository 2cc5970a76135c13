// The thread pool: every chunk once, whoever does it; callers side by side, forks, exits, exceptions, changing numbers.
//
// What a job does is checked through plain memory that belongs to a chunk or a worker, so that ThreadSanitizer sees
// whatever is not handed over properly.  Nothing here depends on how fast the machine is; waits that should end do so
// only after `long_time`, and then are failures.
#include "pool.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "error.h"
#include "platform.h"

using namespace bant;

#if defined(__SANITIZE_THREAD__)
constexpr bool under_tsan = true;
// Forks of a process with threads are what is tested here; by default ThreadSanitizer ends the child.
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }
#else
constexpr bool under_tsan = false;
#endif

namespace {

constexpr auto long_time = std::chrono::seconds(60);
int passed = 0, failed = 0;

void check(bool good, const std::string& what) {
    if (good) {
        ++passed;
    } else if (++failed <= 50) {
        std::printf("FAILED: %s\n", what.c_str());
    }
}

// `parallel` with a callable.
void share(int64_t chunks, const std::function<void(int64_t, int)>& body, int workers = max_threads) {
    parallel(chunks, [](void* context, int64_t chunk, int worker) { (*static_cast<const std::function<void(int64_t, int)>*>(context))(chunk, worker); },
             const_cast<void*>(static_cast<const void*>(&body)), workers);
}

// Whether every chunk was done exactly once, by workers below `workers`.
bool all_done_once(int64_t chunks, int workers) {
    std::vector<int> done(static_cast<size_t>(chunks));                          // each written by whoever has the chunk
    std::vector<int64_t> by_worker(static_cast<size_t>(max_threads) * 8);        // each written by one worker
    bool numbers_fit = true;
    share(chunks, [&](int64_t chunk, int worker) {
        if (worker < 0 || worker >= workers) {
            numbers_fit = false;
            return;
        }
        ++done[static_cast<size_t>(chunk)];
        ++by_worker[static_cast<size_t>(worker) * 8];
    }, workers);
    int64_t sum = 0;
    for (int64_t count : by_worker) sum += count;
    bool once = sum == chunks;
    for (int count : done) once &= count == 1;
    return once && numbers_fit;
}

bool wait_until(const std::function<bool()>& ready) {
    const auto until = std::chrono::steady_clock::now() + long_time;
    while (!ready()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
    return true;
}

// Calls `body` in jobs of `workers` chunks that start only when all workers are there: in the end each had its turn.
bool on_every_worker(int workers, const std::function<void(int)>& body) {
    std::atomic<int> arrived{0};
    std::atomic<bool> met{true};
    share(workers, [&](int64_t, int worker) {
        body(worker);
        arrived.fetch_add(1);
        if (!wait_until([&] { return arrived.load() == workers; })) met = false;
    });
    return met;
}

// ---- the number of threads

void test_number() {
    check(threads() >= 1 && threads() <= max_threads, "threads() at first");
    check(threads() <= usable_processors(), "threads() at first is no more than there are processors");
    for (int count : {1, 3, max_threads}) {
        set_threads(count);
        check(threads() == count, "set_threads(" + std::to_string(count) + ")");
    }
    for (int count : {-1, max_threads + 1}) {
        bool refused = false;
        try {
            set_threads(count);
        } catch (const Error& error) {
            refused = error.kind == ErrorKind::value && std::string(error.what()).find(std::to_string(count)) != std::string::npos;
        }
        check(refused && threads() == max_threads, "set_threads(" + std::to_string(count) + ") is refused and changes nothing");
    }
    set_threads(0);
    check(threads() == std::min(usable_processors(), max_threads), "set_threads(0): as many as may be used");
}

void write(const std::string& file, const std::string& text) {
    for (size_t at = file.find('/', 1); at != std::string::npos; at = file.find('/', at + 1)) mkdir(file.substr(0, at).c_str(), 0700);
    std::ofstream(file) << text;
}

void test_granted() {
    char name[] = "/tmp/bant_pool_test_XXXXXX";
    if (!mkdtemp(name)) return check(false, "mkdtemp");
    const std::string root = name;
    const auto with = [&](const std::string& folder, const std::string& groups, const std::vector<std::pair<std::string, std::string>>& files) {
        write(root + folder + "/proc/self/cgroup", groups);
        for (const auto& [file, text] : files) write(root + folder + "/sys/fs/cgroup" + file, text);
        return granted_processors(root + folder);
    };
    check(granted_processors(root + "/missing") == 0, "no control groups");
    check(with("/none", "0::/a\n", {{"/a/cpu.max", "max 100000\n"}}) == 0, "version 2 without a limit");
    check(with("/own", "0::/a\n", {{"/a/cpu.max", "150000 100000\n"}}) == 1.5, "version 2, a limit");
    check(with("/outer", "0::/a/b\n", {{"/a/cpu.max", "200000 100000\n"}, {"/a/b/cpu.max", "400000 100000\n"}}) == 2, "version 2, the tighter one above");
    check(with("/container", "0::/\n", {{"/cpu.max", "300000 100000\n"}}) == 3, "version 2 at the top of a container");
    check(with("/old", "5:memory:/m\n4:cpu,cpuacct:/a\n", {{"/cpu/a/cpu.cfs_quota_us", "250000\n"}, {"/cpu/a/cpu.cfs_period_us", "100000\n"}}) == 2.5, "version 1");
    check(with("/host", "4:cpu,cpuacct:/docker/x\n", {{"/cpu,cpuacct/cpu.cfs_quota_us", "50000\n"}, {"/cpu,cpuacct/cpu.cfs_period_us", "100000\n"}}) == 0.5, "version 1 with the host's folder");
    check(with("/free", "4:cpu:/\n", {{"/cpu/cpu.cfs_quota_us", "-1\n"}, {"/cpu/cpu.cfs_period_us", "100000\n"}}) == 0, "version 1 without a limit");
    check(with("/broken", "nonsense\n::\n0::/a\n", {{"/a/cpu.max", "many\n"}}) == 0, "files that make no sense");
    check(std::system(("rm -r " + root).c_str()) == 0, "the folder is gone");
}

// ---- one caller

void test_every_chunk_once() {
    for (int count : {1, 2, 3, 8}) {
        set_threads(count);
        for (int64_t chunks : {0, 1, 2, 3, 7, 64, 1000})
            check(all_done_once(chunks, max_threads), std::to_string(chunks) + " chunks on " + std::to_string(count) + " threads");
        check(all_done_once(100, 2), "at most 2 workers of " + std::to_string(count));
        check(all_done_once(100, 1), "at most 1 worker of " + std::to_string(count));
    }
    share(-3, [](int64_t, int) { check(false, "a job of -3 chunks does nothing"); });
    // Short jobs one after the other: helpers arrive when the job they were called for is over.
    set_threads(4);
    bool good = true;
    for (int i = 0; i < (under_tsan ? 3000 : 30000); ++i) good &= all_done_once(2 + i % 5, max_threads);
    check(good, "many short jobs");
    // So short a sleep that helpers are just going to sleep, or just did.
    good = true;
    for (int i = 0; i < 300; ++i) {
        usleep(static_cast<useconds_t>(i % 100));
        good &= all_done_once(4, max_threads);
    }
    check(good, "jobs with pauses");
}

void test_more_chunks_than_one_count_holds() {
    if (under_tsan) return;   // minutes, and nothing new
    set_threads(2);
    const int64_t chunks = (int64_t{1} << 24) + 1000;
    std::vector<uint8_t> done(static_cast<size_t>(chunks));
    parallel(chunks, [](void* context, int64_t chunk, int) { ++static_cast<uint8_t*>(context)[chunk]; }, done.data());
    bool once = true;
    for (uint8_t count : done) once &= count == 1;
    check(once, "2^24 + 1000 chunks");
}

void test_helpers_take_part() {
    for (int count : {2, 5, 16}) {
        set_threads(count);
        const PoolReport before = pool_report();
        std::vector<std::thread::id> ids(static_cast<size_t>(count));
        check(on_every_worker(count, [&](int worker) { ids[static_cast<size_t>(worker)] = std::this_thread::get_id(); }), "all of " + std::to_string(count) + " threads come");
        check(ids[0] == std::this_thread::get_id(), "the caller is worker 0");
        for (int i = 0; i < count; ++i)
            for (int j = 0; j < i; ++j) check(ids[static_cast<size_t>(i)] != ids[static_cast<size_t>(j)], "workers are different threads");
        const PoolReport after = pool_report();
        check(after.jobs - before.jobs == 1 && after.chunks - before.chunks == static_cast<uint64_t>(count) && after.helped - before.helped == static_cast<uint64_t>(count) - 1,
              "the report of a job on " + std::to_string(count) + " threads");
    }
    const PoolReport before = pool_report();
    set_threads(1);
    check(all_done_once(10, 1), "one thread");
    set_threads(2);
    check(all_done_once(1, 1), "one chunk");
    check(pool_report().jobs == before.jobs, "what one thread does is not shared out");
}

void test_the_bound_on_workers_keeps_the_right_ones() {
    set_threads(6);
    bool came = true;
    for (int i = 0; i < 20; ++i) {
        came &= on_every_worker(6, [](int) {});
        usleep(1000);   // all asleep
        std::atomic<int> arrived{0};
        share(3, [&](int64_t, int) {
            arrived.fetch_add(1);
            if (!wait_until([&] { return arrived.load() == 3; })) came = false;
        }, 3);
    }
    check(came, "helpers 1 and 2 come though 5 sleep");
}

void test_helpers_leave_signals_alone() {
    set_threads(3);
    std::vector<sigset_t> masks(3);
    check(on_every_worker(3, [&](int worker) { pthread_sigmask(SIG_BLOCK, nullptr, &masks[static_cast<size_t>(worker)]); }), "three workers");
    for (size_t worker : {1, 2}) {
        check(sigismember(&masks[worker], SIGINT) && sigismember(&masks[worker], SIGTERM) && sigismember(&masks[worker], SIGALRM), "helpers block signals");
        check(!sigismember(&masks[worker], SIGSEGV) && !sigismember(&masks[worker], SIGFPE), "helpers do not block faults");
    }
    check(!sigismember(&masks[0], SIGINT), "the caller's mask is as it was");
}

void test_rounding_of_the_caller() {
#if defined(__SSE__)
    set_threads(3);
    const unsigned before = _mm_getcsr();
    for (unsigned flush : {0x8040u, 0u}) {   // denormals become zero, or not
        _mm_setcsr((before & ~0x8040u) | flush);
        std::vector<unsigned> modes(3);
        check(on_every_worker(3, [&](int worker) { modes[static_cast<size_t>(worker)] = _mm_getcsr(); }), "three workers");
        for (unsigned mode : modes) check((mode & 0x8040u) == flush, "helpers treat denormals as the caller does");
    }
    _mm_setcsr(before);
#endif
}

// Helpers that are too many leave, and some are just leaving when they are wanted again.
void test_leaving_and_coming_back() {
    bool came = true;
    for (int i = 0; i < (under_tsan ? 50 : 300); ++i) {
        set_threads(5);
        came &= on_every_worker(5, [](int) {});
        set_threads(2);
        if (i % 2) usleep(static_cast<useconds_t>(i));
        set_threads(4);
        came &= on_every_worker(4, [](int) {});
    }
    check(came, "helpers leave and come back");
}

// ---- jobs within and beside jobs

void test_nested() {
    set_threads(4);
    std::vector<int> counts(16);
    std::atomic<bool> stayed{true};
    share(16, [&](int64_t chunk, int) {
        const auto self = std::this_thread::get_id();
        share(10, [&](int64_t inner, int worker) {
            if (worker != 0 || self != std::this_thread::get_id()) stayed = false;
            counts[static_cast<size_t>(chunk)] += static_cast<int>(inner);
        });
    });
    bool good = true;
    for (int count : counts) good &= count == 45;
    check(good && stayed, "a job inside a job runs on the thread that asks for it");
    check(on_every_worker(4, [](int) {}), "and helpers still come");
}

void test_a_second_caller_runs_alone() {
    set_threads(2);
    std::atomic<bool> holding{false}, go_on{false}, in_time{true};
    std::thread holder([&] {
        share(2, [&](int64_t, int) {
            holding = true;
            if (!wait_until([&] { return go_on.load(); })) in_time = false;
        });
    });
    check(wait_until([&] { return holding.load(); }), "the first caller has the pool");
    bool alone = true;
    int done = 0;
    share(50, [&](int64_t, int worker) {
        alone &= worker == 0;
        ++done;
    });
    go_on = true;
    holder.join();
    check(alone && done == 50 && in_time, "the second caller does not wait for the first");
}

void test_many_callers() {
    set_threads(3);
    std::atomic<bool> good{true}, stop{false};
    std::vector<std::thread> callers;
    for (int i = 0; i < 4; ++i)
        callers.emplace_back([&, i] {
            for (int round = 0; round < (under_tsan ? 200 : 2000); ++round)
                if (!all_done_once(1 + (round + i) % 20, max_threads)) good = false;
        });
    std::thread changer([&] {
        for (int i = 0; !stop; ++i) {
            set_threads(1 + i % 6);
            usleep(100);
        }
    });
    for (std::thread& caller : callers) caller.join();
    stop = true;
    changer.join();
    check(good, "four callers while the number of threads changes");
    set_threads(6);
    check(on_every_worker(6, [](int) {}), "afterwards all helpers are there");
}

void test_exceptions() {
    set_threads(4);
    for (int64_t thrower : {0, 3, 99}) {
        std::vector<int> done(100);
        std::string caught;
        try {
            share(100, [&](int64_t chunk, int) {
                if (chunk == thrower) throw std::runtime_error("chunk " + std::to_string(chunk));
                ++done[static_cast<size_t>(chunk)];
            });
        } catch (const std::runtime_error& error) {
            caught = error.what();
        }
        bool sane = done[static_cast<size_t>(thrower)] == 0;
        for (int count : done) sane &= count <= 1;
        for (int64_t chunk = 0; chunk < thrower; ++chunk) sane &= done[static_cast<size_t>(chunk)] == 1;   // claimed earlier
        check(caught == "chunk " + std::to_string(thrower) && sane, "an exception of chunk " + std::to_string(thrower));
    }
    int caught = 0;
    for (int i = 0; i < 200; ++i) try {
            share(20, [](int64_t chunk, int) { throw chunk; });
        } catch (int64_t) {
            ++caught;
        }
    check(caught == 200, "every chunk throws");
    check(on_every_worker(4, [](int) {}), "afterwards all helpers are there");
}

// ---- forks and exits

// A child's exit status, or -1 where a signal ended it or it had to be ended.
int status_of(pid_t child) {
    int status = 0;
    pid_t ended = 0;
    if (!wait_until([&] { return (ended = waitpid(child, &status, WNOHANG)) != 0; })) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        return -1;
    }
    return ended == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int in_child(const std::function<void()>& body) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        failed = 0;
        body();
        _exit(failed ? 1 : 0);
    }
    return status_of(child);
}

void compute_in_child() {
    check(all_done_once(100, max_threads), "a job in a child");
    check(on_every_worker(threads(), [](int) {}), "helpers in a child");
}

void test_forks() {
    set_threads(3);
    check(on_every_worker(3, [](int) {}), "helpers before the fork");
    check(in_child(compute_in_child) == 0, "a child while the helpers spin");
    usleep(20000);
    check(in_child(compute_in_child) == 0, "a child while the helpers sleep");
    check(in_child([] {
              compute_in_child();
              check(in_child(compute_in_child) == 0, "a grandchild");
          }) == 0,
          "a child with a child");
    check(on_every_worker(3, [](int) {}), "helpers after the fork");

    std::atomic<bool> holding{false}, go_on{false};
    std::thread holder([&] {
        share(3, [&](int64_t, int) {
            holding = true;
            wait_until([&] { return go_on.load(); });
        });
    });
    wait_until([&] { return holding.load(); });
    check(in_child(compute_in_child) == 0, "a child of a thread beside a job");
    go_on = true;
    holder.join();

    std::atomic<bool> stop{false}, good{true};
    std::thread caller([&] { while (!stop) if (!all_done_once(5, max_threads)) good = false; });
    for (int i = 0; i < (under_tsan ? 5 : 50); ++i) check(in_child(compute_in_child) == 0, "a child at any moment of another thread's jobs");
    stop = true;
    caller.join();
    check(good, "jobs beside forks");
}

// What this program does when it is called with a number: it exits, and its statics are destroyed, a while after a job,
// or in the middle of jobs.
[[noreturn]] void exit_at(int moment) {
    set_threads(4);
    if (moment == 0) {
        std::thread([] { for (;;) share(100, [](int64_t, int) {}); }).detach();
        usleep(3000);
    } else if (!all_done_once(50, max_threads)) {
        failed = 1;
    }
    usleep(static_cast<useconds_t>(moment % 3) * 50);   // the helpers still work, look out, or sleep
    std::exit(failed);
}

void test_exits(const char* program) {
    for (int moment = 0; moment < (under_tsan ? 5 : 20); ++moment) {
        const std::string number = std::to_string(moment);
        const pid_t child = fork();
        if (child == 0) {
            execl(program, program, number.c_str(), nullptr);
            _exit(2);
        }
        check(status_of(child) == 0, "exit at moment " + number);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) exit_at(std::atoi(argv[1]));
    std::thread([] {   // whatever hangs must not hang for ever
        std::this_thread::sleep_for(std::chrono::seconds(280));
        std::printf("FAILED: the pool hangs\n");
        std::fflush(stdout);
        _exit(1);
    }).detach();
    test_number();
    test_granted();
    test_every_chunk_once();
    test_more_chunks_than_one_count_holds();
    test_helpers_take_part();
    test_the_bound_on_workers_keeps_the_right_ones();
    test_helpers_leave_signals_alone();
    test_rounding_of_the_caller();
    test_leaving_and_coming_back();
    test_nested();
    test_a_second_caller_runs_alone();
    test_many_callers();
    test_exceptions();
    test_forks();
    test_exits(argv[0]);
    std::printf("%d checks passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
