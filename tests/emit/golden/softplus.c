/* softplus: kernel.py:1 */

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__GLIBC__) && defined(__x86_64__) && !defined(__clang__)
/* libm's vector variants of these functions may be used */
__attribute__((simd("notinbranch"))) double exp(double);
#if __GLIBC_PREREQ(2, 35)
__attribute__((simd("notinbranch"))) double log1p(double);
#endif
#endif

static inline int64_t min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void softplus_i(int64_t i_from, int64_t n, const double *restrict x, double *restrict y,
                       int64_t *restrict hits)
{
    #pragma omp simd
    for (int64_t i = i_from; i < min(n, i_from + 2048); i++) {
        /* kernel.py:4   y[i] = x[i] if x[i] > 30.0 else math.log1p(math.exp(x[i]))   S1 */
        y[i] = x[i] > 30.0 ? x[i] : log1p(exp(x[i]));
        /* kernel.py:6   hits[i] += 1   S2 */
        if (y[i] < 0.5)
            hits[i] += (uint64_t)1;
    }
}

int64_t softplus(int64_t n, const double *restrict x, double *restrict y, int64_t *restrict hits)
{
    if ((double)n * 40 > 200000) {
        #pragma omp parallel for schedule(static)
        for (int64_t i_from = 0; i_from < n; i_from += 2048)
            softplus_i(i_from, n, x, y, hits);
    } else {
        for (int64_t i_from = 0; i_from < n; i_from += 2048)
            softplus_i(i_from, n, x, y, hits);
    }
    return 0;
}
