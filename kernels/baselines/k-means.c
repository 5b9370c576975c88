#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

void kernel_k_means(SIZE(N), SIZE(K), SIZE(D), const DATA_TYPE points[restrict N][D],
                    const DATA_TYPE centres[restrict K][D], DATA_TYPE label[restrict N], DATA_TYPE near[restrict N])
{
    for (int64_t i = 0; i < N; i++) {
        DATA_TYPE best = REAL(1e30);
        int64_t which = 0;
        for (int64_t k = 0; k < K; k++) {
            DATA_TYPE distance = 0;
            for (int64_t d = 0; d < D; d++) {
                const DATA_TYPE apart = points[i][d] - centres[k][d];
                distance += apart * apart;
            }
            if (distance < best) {
                best = distance;
                which = k;
            }
        }
        near[i] = best;
        label[i] = which;
    }
}
