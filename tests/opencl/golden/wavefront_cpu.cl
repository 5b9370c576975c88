/* wavefront: shapes.py:51

   if (n >= 2) and (m >= 2):
     if (n - 1) * (m - 1) * 3 is large:
       for i_tile in 0 .. (m + 2*n - 3)//32 + 1:
         launch wavefront_j_tile over pieces of max(i_tile - ((n + 31)//32) + 1, (i_tile + 1)//2) .. min(i_tile, (m + n - 2)//32, (32*i_tile + m + 30)//64) + 1
     else:
       launch wavefront_i_tile
*/

#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
typedef long int64_t;

/* Where piece `number` of `trips` iterations begins, of as many pieces as there are groups. */
static inline int64_t share(int64_t trips, int64_t number)
{
    return trips > 0 ? trips * number / (int64_t)get_num_groups(0) : 0;
}

static inline int64_t max_i64(int64_t a, int64_t b)
{
    return b > a ? b : a;
}

static inline int64_t min_i64(int64_t a, int64_t b)
{
    return b < a ? b : a;
}

__kernel void wavefront_j_tile(int64_t i_tile, int64_t n, int64_t m, __global double *restrict A)
{
    const int64_t j_tile_trips =
            min_i64(i_tile + 1, min_i64((m + n + 30) / 32, (32 * i_tile + m + 94) / 64))
            - max_i64(i_tile - (n + 31) / 32 + 1, (i_tile + 1) / 2);
    const int64_t j_tile_first = max_i64(i_tile - (n + 31) / 32 + 1, (i_tile + 1) / 2)
            + share(j_tile_trips, get_group_id(0));
    const int64_t j_tile_last = max_i64(i_tile - (n + 31) / 32 + 1, (i_tile + 1) / 2)
            + share(j_tile_trips, get_group_id(0) + 1);
    for (int64_t j_tile = j_tile_first; j_tile < j_tile_last; j_tile++) {
        for (int64_t i_rows = max_i64(4 * i_tile - 4 * j_tile, 4 * j_tile - (m + 6) / 8);
             i_rows < min_i64(4 * i_tile - 4 * j_tile + 4, (n + 7) / 8); i_rows++) {
            const int64_t j_end = min_i64(m + n - 1, min_i64(32 * j_tile + 32, 8 * i_rows + m + 7));
            for (int64_t j = max_i64(2, max_i64(32 * j_tile, 8 * i_rows + 1)); j < j_end; j++) {
                if (n >= 8 * i_rows + 8 && j >= 8 * i_rows + 8 && 8 * i_rows + m > j) {
                    #pragma unroll 8
                    for (int64_t i = max_i64(8, 8 * i_rows); i < 8 * i_rows + 8; i++) {
                        /* shapes.py:56   A[i, j] = A[i - 1, j] + A[i, j - 1]   S1 */
                        A[i * m + (j - i)] = A[(i - 1) * m + (j - i)] + A[i * m + (j - i - 1)];
                    }
                }
                if (j >= 8 * i_rows + m) {
                    #pragma clang loop vectorize(assume_safety)
                    for (int64_t i_edge = max_i64(8, j - m + 1);
                         i_edge < min_i64(n, min_i64(8 * i_rows + 8, j)); i_edge++) {
                        /* shapes.py:56   A[i, j] = A[i - 1, j] + A[i, j - 1]   S1 */
                        A[i_edge * m + (j - i_edge)] = A[(i_edge - 1) * m + (j - i_edge)]
                                + A[i_edge * m + (j - i_edge - 1)];
                    }
                } else if (8 * i_rows >= n - 7 && j >= 8 * i_rows + 8) {
                    #pragma clang loop vectorize(assume_safety)
                    for (int64_t i_edge = max_i64(8, 8 * i_rows); i_edge < n; i_edge++) {
                        /* shapes.py:56   A[i, j] = A[i - 1, j] + A[i, j - 1]   S1 */
                        A[i_edge * m + (j - i_edge)] = A[(i_edge - 1) * m + (j - i_edge)]
                                + A[i_edge * m + (j - i_edge - 1)];
                    }
                } else if (2 * j_tile == i_tile && 8 * i_rows >= j - 7) {
                    #pragma clang loop vectorize(assume_safety)
                    for (int64_t i_edge = max_i64(8, 8 * i_rows); i_edge < min_i64(n, j);
                         i_edge++) {
                        /* shapes.py:56   A[i, j] = A[i - 1, j] + A[i, j - 1]   S1 */
                        A[i_edge * m + (j - i_edge)] = A[(i_edge - 1) * m + (j - i_edge)]
                                + A[i_edge * m + (j - i_edge - 1)];
                    }
                }
                if (j_tile == i_tile && i_rows == 0) {
                    #pragma clang loop vectorize(assume_safety)
                    for (int64_t i_edge = max_i64(1, j - m + 1); i_edge < min_i64(8, min_i64(n, j));
                         i_edge++) {
                        /* shapes.py:56   A[i, j] = A[i - 1, j] + A[i, j - 1]   S1 */
                        A[i_edge * m + (j - i_edge)] = A[(i_edge - 1) * m + (j - i_edge)]
                                + A[i_edge * m + (j - i_edge - 1)];
                    }
                }
            }
        }
    }
}

__kernel void wavefront_i_tile(int64_t n, int64_t m, __global double *restrict A)
{
    for (int64_t i_tile = 0; i_tile < (2 * n + m + 29) / 32; i_tile++) {
        const int64_t j_tile_end =
                min_i64(i_tile + 1, min_i64((m + n + 30) / 32, (32 * i_tile + m + 94) / 64));
        for (int64_t j_tile = max_i64(i_tile - (n + 31) / 32 + 1, (i_tile + 1) / 2);
             j_tile < j_tile_end; j_tile++) {
            for (int64_t i_rows = max_i64(4 * i_tile - 4 * j_tile, 4 * j_tile - (m + 6) / 8);
                 i_rows < min_i64(4 * i_tile - 4 * j_tile + 4, (n + 7) / 8); i_rows++) {
                const int64_t j_end_2 =
                        min_i64(m + n - 1, min_i64(32 * j_tile + 32, 8 * i_rows + m + 7));
                for (int64_t j = max_i64(2, max_i64(32 * j_tile, 8 * i_rows + 1)); j < j_end_2;
                     j++) {
                    if (n >= 8 * i_rows + 8 && j >= 8 * i_rows + 8 && 8 * i_rows + m > j) {
                        #pragma unroll 8
                        for (int64_t i = max_i64(8, 8 * i_rows); i < 8 * i_rows + 8; i++) {
                            /* shapes.py:56   A[i, j] = A[i - 1, j] + A[i, j - 1]   S1 */
                            A[i * m + (j - i)] = A[(i - 1) * m + (j - i)] + A[i * m + (j - i - 1)];
                        }
                    }
                    if (j >= 8 * i_rows + m) {
                        #pragma clang loop vectorize(assume_safety)
                        for (int64_t i_edge = max_i64(8, j - m + 1);
                             i_edge < min_i64(n, min_i64(8 * i_rows + 8, j)); i_edge++) {
                            /* shapes.py:56   A[i, j] = A[i - 1, j] + A[i, j - 1]   S1 */
                            A[i_edge * m + (j - i_edge)] = A[(i_edge - 1) * m + (j - i_edge)]
                                    + A[i_edge * m + (j - i_edge - 1)];
                        }
                    } else if (8 * i_rows >= n - 7 && j >= 8 * i_rows + 8) {
                        #pragma clang loop vectorize(assume_safety)
                        for (int64_t i_edge = max_i64(8, 8 * i_rows); i_edge < n; i_edge++) {
                            /* shapes.py:56   A[i, j] = A[i - 1, j] + A[i, j - 1]   S1 */
                            A[i_edge * m + (j - i_edge)] = A[(i_edge - 1) * m + (j - i_edge)]
                                    + A[i_edge * m + (j - i_edge - 1)];
                        }
                    } else if (2 * j_tile == i_tile && 8 * i_rows >= j - 7) {
                        #pragma clang loop vectorize(assume_safety)
                        for (int64_t i_edge = max_i64(8, 8 * i_rows); i_edge < min_i64(n, j);
                             i_edge++) {
                            /* shapes.py:56   A[i, j] = A[i - 1, j] + A[i, j - 1]   S1 */
                            A[i_edge * m + (j - i_edge)] = A[(i_edge - 1) * m + (j - i_edge)]
                                    + A[i_edge * m + (j - i_edge - 1)];
                        }
                    }
                    if (j_tile == i_tile && i_rows == 0) {
                        #pragma clang loop vectorize(assume_safety)
                        for (int64_t i_edge = max_i64(1, j - m + 1);
                             i_edge < min_i64(8, min_i64(n, j)); i_edge++) {
                            /* shapes.py:56   A[i, j] = A[i - 1, j] + A[i, j - 1]   S1 */
                            A[i_edge * m + (j - i_edge)] = A[(i_edge - 1) * m + (j - i_edge)]
                                    + A[i_edge * m + (j - i_edge - 1)];
                        }
                    }
                }
            }
        }
    }
}
