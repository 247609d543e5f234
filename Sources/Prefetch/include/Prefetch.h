// The one instruction that Swift has no word for: a request to bring a line of memory near, which never faults.
//
// Loops that read all weights once for a few rows wait for memory. Where its answers come late (measured on a Xeon in a virtual machine),
// asking 4 KB ahead made them 1.8 times as fast, and ordinary loads so far ahead did not: those hold up the loop that issues them.
#ifndef RETORT_PREFETCH_H
#define RETORT_PREFETCH_H

static inline void prefetchLine(const void *address) { __builtin_prefetch(address, 0, 3); }

#endif
