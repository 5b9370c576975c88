/* gemm: kernel.py:1 */

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static inline int64_t max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void gemm_i(int64_t i, int64_t m, double beta, double (*restrict C)[max(m, 1)])
{
    #pragma omp simd
    for (int64_t j = 0; j < m; j++) {
        /* kernel.py:6   C[i, j] *= beta   S1 */
        C[i][j] *= beta;
    }
}

static void gemm_i_tile(int64_t i_tile, int64_t n, int64_t m, int64_t p, double alpha,
                        double (*restrict C)[max(m, 1)], const double (*restrict A)[max(p, 1)],
                        const double (*restrict B)[max(m, 1)])
{
    for (int64_t j_tile = 0; j_tile < m; j_tile += 24) {
        if (i_tile <= n - 8 && j_tile <= m - 24) {
            double acc[8][24];
            for (int64_t acc_0 = 0; acc_0 < 8; acc_0++)
                for (int64_t acc_1 = 0; acc_1 < 24; acc_1++)
                    acc[acc_0][acc_1] = C[acc_0 + i_tile][acc_1 + j_tile];
            for (int64_t k = 0; k < p; k++) {
                #pragma GCC unroll 8
                for (int64_t i = 0; i < 8; i++) {
                    #pragma omp simd
                    for (int64_t j = 0; j < 24; j++) {
                        /* kernel.py:9   C[i, j] += alpha * A[i, k] * B[k, j]   S2 */
                        acc[i][j] += alpha * A[i + i_tile][k] * B[k][j + j_tile];
                    }
                }
            }
            for (int64_t acc_0 = 0; acc_0 < 8; acc_0++)
                for (int64_t acc_1 = 0; acc_1 < 24; acc_1++)
                    C[acc_0 + i_tile][acc_1 + j_tile] = acc[acc_0][acc_1];
        } else {
            for (int64_t k = 0; k < p; k++) {
                for (int64_t i = i_tile; i < min(n, i_tile + 8); i++) {
                    #pragma omp simd
                    for (int64_t j = j_tile; j < min(m, j_tile + 24); j++) {
                        /* kernel.py:9   C[i, j] += alpha * A[i, k] * B[k, j]   S2 */
                        C[i][j] += alpha * A[i][k] * B[k][j];
                    }
                }
            }
        }
    }
}

int64_t gemm(int64_t n, int64_t m, int64_t p, double alpha, double beta,
             double (*restrict C)[max(m, 1)], const double (*restrict A)[max(p, 1)],
             const double (*restrict B)[max(m, 1)])
{
    if ((__int128)m + (__int128)p < n)
        return 1;
    if ((double)n * m > 200000) {
        #pragma omp parallel for schedule(static)
        for (int64_t i = 0; i < n; i++)
            gemm_i(i, m, beta, C);
    } else {
        for (int64_t i = 0; i < n; i++)
            gemm_i(i, m, beta, C);
    }
    if ((double)n * m * p * 2 > 200000) {
        #pragma omp parallel for schedule(dynamic)
        for (int64_t i_tile = 0; i_tile < n; i_tile += 8)
            gemm_i_tile(i_tile, n, m, p, alpha, C, A, B);
    } else {
        for (int64_t i_tile = 0; i_tile < n; i_tile += 8)
            gemm_i_tile(i_tile, n, m, p, alpha, C, A, B);
    }
    return 0;
}
