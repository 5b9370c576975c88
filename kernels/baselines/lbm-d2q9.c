#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

static inline DATA_TYPE relax(DATA_TYPE old, DATA_TYPE omega, DATA_TYPE weighted, DATA_TYPE along, DATA_TYPE rest)
{
    return old + omega * (weighted * (rest + along * (3 + REAL(4.5) * along)) - old);
}

void kernel_lbm_d2q9(SIZE(TSTEPS), SIZE(Q), SIZE(N), SIZE(M), DATA_TYPE omega,
                     DATA_TYPE F[restrict Q][N][M], DATA_TYPE G[restrict Q][N][M])
{
    for (int64_t t = 0; t < TSTEPS; t++) {
        for (int64_t i = 1; i < N - 1; i++)
            for (int64_t j = 1; j < M - 1; j++) {
                G[0][i][j] = F[0][i][j];
                G[1][i][j] = F[1][i - 1][j];
                G[2][i][j] = F[2][i][j - 1];
                G[3][i][j] = F[3][i + 1][j];
                G[4][i][j] = F[4][i][j + 1];
                G[5][i][j] = F[5][i - 1][j - 1];
                G[6][i][j] = F[6][i + 1][j - 1];
                G[7][i][j] = F[7][i + 1][j + 1];
                G[8][i][j] = F[8][i - 1][j + 1];
            }
        for (int64_t i = 1; i < N - 1; i++)
            for (int64_t j = 1; j < M - 1; j++) {
                const DATA_TYPE g0 = G[0][i][j], g1 = G[1][i][j], g2 = G[2][i][j];
                const DATA_TYPE g3 = G[3][i][j], g4 = G[4][i][j], g5 = G[5][i][j];
                const DATA_TYPE g6 = G[6][i][j], g7 = G[7][i][j], g8 = G[8][i][j];
                const DATA_TYPE east = g1 + g5 + g8, west = g3 + g6 + g7;
                const DATA_TYPE rho = east + west + g0 + g2 + g4;
                const DATA_TYPE u = (east - west) / rho;
                const DATA_TYPE v = (g2 + g5 + g6 - g4 - g7 - g8) / rho;
                const DATA_TYPE rest = 1 - REAL(1.5) * (u * u + v * v);
                const DATA_TYPE near = REAL(1.0 / 9.0) * rho, far = REAL(1.0 / 36.0) * rho;
                F[0][i][j] = g0 + omega * (REAL(4.0 / 9.0) * rho * rest - g0);
                F[1][i][j] = relax(g1, omega, near, u, rest);
                F[2][i][j] = relax(g2, omega, near, v, rest);
                F[3][i][j] = relax(g3, omega, near, -u, rest);
                F[4][i][j] = relax(g4, omega, near, -v, rest);
                F[5][i][j] = relax(g5, omega, far, u + v, rest);
                F[6][i][j] = relax(g6, omega, far, v - u, rest);
                F[7][i][j] = relax(g7, omega, far, -u - v, rest);
                F[8][i][j] = relax(g8, omega, far, u - v, rest);
            }
    }
}
