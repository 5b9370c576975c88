"""The C text that threads of a pipeline wait with; `pipeline_c` says why that is right."""

from __future__ import annotations

PIPELINE = """\
#include <sched.h>
#ifdef _OPENMP
#include <omp.h>
#else
#define omp_get_max_threads() 1
#define omp_get_num_threads() 1
#define omp_get_thread_num() 0
#endif

/* How far a thread is: its turn, and the values below `at` that the turn has finished. */
struct pipeline {
    int64_t turn, at;
    char apart[112];
} __attribute__((aligned(128)));

enum { PIPELINE_THREADS = 64 };

static inline int pipeline_threads(struct pipeline *slots)
{
    for (int64_t k = 0; k < PIPELINE_THREADS; k++) {
        slots[k].turn = k;
        slots[k].at = INT64_MIN;
    }
    return omp_get_max_threads() < PIPELINE_THREADS ? omp_get_max_threads() : PIPELINE_THREADS;
}

static inline void pipeline_wait(struct pipeline *slot, int64_t turn, int64_t at)
{
    for (int64_t tries = 0;; tries++) {
        const int64_t now = __atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE);
        if (now > turn || (now == turn && __atomic_load_n(&slot->at, __ATOMIC_ACQUIRE) >= at))
            return;
        if (tries > 4000)
            sched_yield();
    }
}

static inline void pipeline_reach(struct pipeline *slot, int64_t at)
{
    __atomic_store_n(&slot->at, at, __ATOMIC_RELEASE);
}

static inline void pipeline_turn(struct pipeline *slot, int64_t turn)
{
    __atomic_store_n(&slot->at, INT64_MIN, __ATOMIC_RELEASE);
    __atomic_store_n(&slot->turn, turn, __ATOMIC_RELEASE);
}"""
"""Two cache lines a slot: neighbouring lines are fetched together."""
