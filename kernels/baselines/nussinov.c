#ifndef DATA_TYPE
#define DATA_TYPE int32_t
#endif
#include "baseline.h"

static inline DATA_TYPE larger(DATA_TYPE a, DATA_TYPE b)
{
    return a >= b ? a : b;
}

void kernel_nussinov(SIZE(N), const DATA_TYPE seq[restrict N], DATA_TYPE table[restrict N][N])
{
    for (int64_t i = N - 1; i >= 0; i--)
        for (int64_t j = i + 1; j < N; j++) {
            if (j - 1 >= 0)
                table[i][j] = larger(table[i][j], table[i][j - 1]);
            if (i + 1 < N)
                table[i][j] = larger(table[i][j], table[i + 1][j]);
            if (j - 1 >= 0 && i + 1 < N) {
                DATA_TYPE pair = i < j - 1 && seq[i] + seq[j] == 3;
                table[i][j] = larger(table[i][j], table[i + 1][j - 1] + pair);
            }
            for (int64_t k = i + 1; k < j; k++)
                table[i][j] = larger(table[i][j], table[i][k] + table[k + 1][j]);
        }
}
