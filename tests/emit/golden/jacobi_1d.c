/* jacobi_1d: kernel.py:1 */

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* a / b rounded down, b > 0 */
static inline int64_t floord(int64_t a, int64_t b)
{
    return b & (b - 1) ? a / b - (a % b < 0) : (a - (a & (b - 1))) / b;
}

static inline int64_t max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void jacobi_1d_i_tile(int64_t i_tile, int64_t wave, int64_t steps, int64_t n,
                             double *restrict A, double *restrict B)
{
    for (int64_t t = max(0, 32 * wave - 32 * i_tile); t < min(steps, 32 * wave - 32 * i_tile + 32);
         t++) {
        for (int64_t i = max(2 * t + 1, 32 * i_tile); i < min(2 * t + n, 32 * i_tile + 32); i++) {
            if (2 * t + n >= i + 2) {
                /* kernel.py:4   B[i] = (1 / 3) * (A[i] + A[i-1] + A[i+1])   S1 */
                B[i - 2 * t] = 0.3333333333333333
                        * (A[i - 2 * t] + A[i - 2 * t - 1] + A[i - 2 * t + 1]);
            }
            if (i >= 2 * t + 2) {
                /* kernel.py:5   A[i] = (1 / 3) * (B[i] + B[i-1] + B[i+1])   S2 */
                A[i - 2 * t - 1] = 0.3333333333333333
                        * (B[i - 2 * t - 1] + B[i - 2 * t - 2] + B[i - 2 * t]);
            }
        }
    }
}

int64_t jacobi_1d(int64_t steps, int64_t n, double *restrict A, double *restrict B)
{
    for (int64_t wave = 0; wave < floord(3 * steps + n + 31, 32); wave++) {
        if ((double)n * floord(steps, 32) * 6 > 200000) {
            #pragma omp parallel for schedule(static)
            for (int64_t i_tile = max(0, wave - floord(steps - 1, 32));
                 i_tile < min(wave + 1, floord(2 * steps + n + 31, 32)); i_tile++)
                jacobi_1d_i_tile(i_tile, wave, steps, n, A, B);
        } else {
            for (int64_t i_tile = max(0, wave - floord(steps - 1, 32));
                 i_tile < min(wave + 1, floord(2 * steps + n + 31, 32)); i_tile++)
                jacobi_1d_i_tile(i_tile, wave, steps, n, A, B);
        }
    }
    return 0;
}
