#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

#define ADVANCE(X, Y)                                                                            \
    do {                                                                                         \
        for (int64_t i = 1; i < N - 1; i++)                                                      \
            for (int64_t j = 1; j < M - 1; j++)                                                  \
                Y[i][j] = 2 * X[i][j] - Y[i][j] +                                                \
                          c * (X[i - 1][j] + X[i + 1][j] + X[i][j - 1] + X[i][j + 1] - 4 * X[i][j]); \
        for (int64_t j = 1; j < M - 1; j++) {                                                    \
            Y[0][j] = Y[1][j];                                                                   \
            Y[N - 1][j] = Y[N - 2][j];                                                           \
        }                                                                                        \
        for (int64_t i = 0; i < N; i++) {                                                        \
            Y[i][0] = REAL(0.5) * (X[i][0] + X[i][1]);                                           \
            Y[i][M - 1] = REAL(0.5) * (X[i][M - 1] + X[i][M - 2]);                               \
        }                                                                                        \
    } while (0)

void kernel_wave_2d(SIZE(TSTEPS), SIZE(N), SIZE(M), DATA_TYPE c, DATA_TYPE u[restrict N][M],
                    DATA_TYPE v[restrict N][M])
{
    for (int64_t t = 0; t < TSTEPS; t++) {
        ADVANCE(u, v);
        ADVANCE(v, u);
    }
}
