/* Nanoseconds of the monotonic clock, for every peer program of the benchmarks. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline unsigned long long now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}
