/* square: kernel.py:1 */

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* libm's own functions, by names that the compiler does not compute itself */
__attribute__((const)) double libm_pow(double, double) __asm__("pow");

static inline int64_t max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Memory for an array of this shape; NULL where there is not so much. */
static void *scratch(size_t bytes, int rank, const __int128 *shape)
{
    for (int d = 0; d < rank; d++)
        if (shape[d] <= 0)
            bytes = 0;
    for (int d = 0; d < rank && bytes > 0; d++) {
        if (shape[d] > PTRDIFF_MAX / 2 / (__int128)bytes)
            return NULL;
        bytes *= (size_t)shape[d];
    }
    return aligned_alloc(64, bytes / 64 * 64 + 64);
}

int64_t square(int64_t n, int64_t m, double (*restrict x)[max(m, 1)])
{
    if (m > n && n >= 1)
        return 1;
    double (*restrict t)[max(m + 2, 1)] =
            scratch(sizeof(double), 2, (__int128[]){n, (__int128)m + 2});
    if (t == NULL)
        return -1;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < m; j++) {
            /* kernel.py:5   t[i, j] = x[i, j]   S1 */
            t[i][j] = x[i][j];
        }
    }
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < m; j++) {
            /* kernel.py:8   s = t[i, j] ** 2.0   S2 */
            double s = libm_pow(t[i][j], 2.0);
            /* kernel.py:9   x[i, j] = s + s   S3 */
            x[i][j] = s + s;
        }
    }
    free(t);
    return 0;
}
