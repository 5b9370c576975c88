#ifndef DATA_TYPE
#define DATA_TYPE double
#endif
#include "baseline.h"

typedef DATA_TYPE real;

static inline void residual(int64_t n, const real u[restrict n][n], const real f[restrict n][n], real r[restrict n][n])
{
    for (int64_t i = 1; i < n - 1; i++)
        for (int64_t j = 1; j < n - 1; j++)
            r[i][j] = f[i][j] + (u[i - 1][j] + u[i + 1][j] + u[i][j - 1] + u[i][j + 1]) - 4 * u[i][j];
}

static inline void relax(int64_t n, int sweeps, real u[restrict n][n], const real f[restrict n][n], real r[restrict n][n])
{
    for (int s = 0; s < sweeps; s++) {
        residual(n, u, f, r);
        for (int64_t i = 1; i < n - 1; i++)
            for (int64_t j = 1; j < n - 1; j++)
                u[i][j] += REAL(0.2) * r[i][j];
    }
}

static inline void restrict_to(int64_t n, int64_t m, const real r[restrict n][n], real f[restrict m][m])
{
    for (int64_t i = 1; i < m - 1; i++)
        for (int64_t j = 1; j < m - 1; j++) {
            const int64_t x = 2 * i, y = 2 * j;
            const real near = r[x - 1][y] + r[x + 1][y] + r[x][y - 1] + r[x][y + 1];
            const real far = r[x - 1][y - 1] + r[x - 1][y + 1] + r[x + 1][y - 1] + r[x + 1][y + 1];
            f[i][j] = 4 * (REAL(0.25) * r[x][y] + REAL(0.125) * near + REAL(0.0625) * far);
        }
}

static inline void clear(int64_t n, real u[restrict n][n])
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            u[i][j] = 0;
}

static inline void prolong(int64_t m, int64_t n, const real c[restrict m][m], real u[restrict n][n])
{
    for (int64_t i = 0; i < m - 1; i++)
        for (int64_t j = 0; j < m - 1; j++) {
            u[2 * i][2 * j] += c[i][j];
            u[2 * i + 1][2 * j] += REAL(0.5) * (c[i][j] + c[i + 1][j]);
            u[2 * i][2 * j + 1] += REAL(0.5) * (c[i][j] + c[i][j + 1]);
            u[2 * i + 1][2 * j + 1] += REAL(0.25) * (c[i][j] + c[i + 1][j] + c[i][j + 1] + c[i + 1][j + 1]);
        }
}

void kernel_multigrid(SIZE(TSTEPS), SIZE(N), SIZE(N2), SIZE(N4), real u[restrict N][N],
                      const real f[restrict N][N], real r[restrict N][N], real u2[restrict N2][N2],
                      real f2[restrict N2][N2], real r2[restrict N2][N2], real u4[restrict N4][N4],
                      real f4[restrict N4][N4], real r4[restrict N4][N4])
{
    for (int64_t t = 0; t < TSTEPS; t++) {
        relax(N, 2, u, f, r);
        residual(N, u, f, r);
        restrict_to(N, N2, r, f2);
        clear(N2, u2);
        relax(N2, 2, u2, f2, r2);
        residual(N2, u2, f2, r2);
        restrict_to(N2, N4, r2, f4);
        clear(N4, u4);
        relax(N4, 8, u4, f4, r4);
        prolong(N4, N2, u4, u2);
        relax(N2, 2, u2, f2, r2);
        prolong(N2, N, u2, u);
        relax(N, 2, u, f, r);
    }
}
