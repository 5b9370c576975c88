/* matvec: kernel.py:1 */

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static inline int64_t max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void matvec_i(int64_t i, int64_t m, double *restrict y,
                     const double (*restrict A)[max(m, 1)], const double *restrict x)
{
    double sum = y[i];
    {
        int64_t j = 0;
        if (j < m - 15) {
            double sum_lanes[16] = {0};
            for (; j < m - 15; j += 16) {
                #pragma omp simd
                for (int64_t j_lane = 0; j_lane < 16; j_lane++) {
                    /* kernel.py:5   y[i] += A[i, j] * x[j]   S1 */
                    sum_lanes[j_lane] += A[i][j + j_lane] * x[j + j_lane];
                }
            }
            #pragma omp simd
            for (int64_t j_lane = 0; j_lane < 8; j_lane++) {
                sum_lanes[j_lane] += sum_lanes[j_lane + 8];
            }
            #pragma omp simd
            for (int64_t j_lane = 0; j_lane < 4; j_lane++) {
                sum_lanes[j_lane] += sum_lanes[j_lane + 4];
            }
            #pragma omp simd
            for (int64_t j_lane = 0; j_lane < 2; j_lane++) {
                sum_lanes[j_lane] += sum_lanes[j_lane + 2];
            }
            sum += sum_lanes[0];
            sum += sum_lanes[1];
        }
        for (; j < m; j++) {
            /* kernel.py:5   y[i] += A[i, j] * x[j]   S1 */
            sum += A[i][j] * x[j];
        }
    }
    y[i] = sum;
}

int64_t matvec(int64_t n, int64_t m, double *restrict y, const double (*restrict A)[max(m, 1)],
               const double *restrict x)
{
    if ((double)n * m * 2 > 200000) {
        #pragma omp parallel for schedule(static)
        for (int64_t i = 0; i < n; i++)
            matvec_i(i, m, y, A, x);
    } else {
        for (int64_t i = 0; i < n; i++)
            matvec_i(i, m, y, A, x);
    }
    return 0;
}
