#ifndef DATA_TYPE
#define DATA_TYPE int32_t
#endif
#include "baseline.h"

void kernel_smith_waterman(SIZE(N), SIZE(M), SIZE(N1), SIZE(M1), const DATA_TYPE a[restrict N],
                           const DATA_TYPE b[restrict M], DATA_TYPE H[restrict N1][M1])
{
    for (int64_t i = 1; i <= N; i++)
        for (int64_t j = 1; j <= M; j++) {
            DATA_TYPE best = H[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 2 : -1);
            const DATA_TYPE up = H[i - 1][j] - 1, left = H[i][j - 1] - 1;
            best = up > best ? up : best;
            best = left > best ? left : best;
            H[i][j] = best > 0 ? best : 0;
        }
}
