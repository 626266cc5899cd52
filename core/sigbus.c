/* sigbus.c - a fixed table that the handler can read without a lock. */
#include "sigbus.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define N_SLOTS 512

struct slot {
    _Atomic uintptr_t from; /* 0: free */
    _Atomic uintptr_t to;
    atomic_bool *_Atomic hit;
};

static struct slot slots[N_SLOTS];
static struct sigaction before;

static bool repair(uintptr_t at)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    for (unsigned i = 0; i < N_SLOTS; i++) {
        uintptr_t from = slots[i].from;
        atomic_bool *hit = slots[i].hit;

        if (!from || at < from || at >= slots[i].to)
            continue;
        if (mmap((void *)(at & ~(page - 1)), page, PROT_READ,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
            return false;
        if (hit)
            *hit = true;
        return true;
    }
    return false;
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
    if (info->si_code == BUS_ADRERR && repair((uintptr_t)info->si_addr))
        return;
    if (before.sa_flags & SA_SIGINFO && before.sa_sigaction) {
        before.sa_sigaction(sig, info, context);
        return;
    }
    signal(SIGBUS, before.sa_handler == SIG_IGN ? SIG_DFL : before.sa_handler);
    raise(SIGBUS);
}

void sigbus_install(void)
{
    static atomic_flag done = ATOMIC_FLAG_INIT;
    struct sigaction sa;

    if (atomic_flag_test_and_set(&done))
        return;
    memset(&sa, 0, sizeof(sa));
    sa.sa_sigaction = on_sigbus;
    sa.sa_flags = SA_SIGINFO;
    sigemptyset(&sa.sa_mask);
    sigaction(SIGBUS, &sa, &before);
}

bool sigbus_add(const void *ptr, size_t len, atomic_bool *hit)
{
    for (unsigned i = 0; i < N_SLOTS; i++) {
        uintptr_t free_slot = 0;

        if (slots[i].from)
            continue;
        /* claimed with an empty range, then opened */
        if (!atomic_compare_exchange_strong(&slots[i].from, &free_slot, (uintptr_t)ptr))
            continue;
        slots[i].hit = hit;
        slots[i].to = (uintptr_t)ptr + len;
        return true;
    }
    return false;
}

void sigbus_mute(const void *ptr)
{
    for (unsigned i = 0; i < N_SLOTS; i++)
        if (slots[i].from == (uintptr_t)ptr)
            slots[i].hit = NULL;
}

void sigbus_remove(const void *ptr)
{
    for (unsigned i = 0; i < N_SLOTS; i++) {
        if (slots[i].from != (uintptr_t)ptr)
            continue;
        slots[i].to = 0;
        slots[i].hit = NULL;
        slots[i].from = 0;
        return;
    }
}
