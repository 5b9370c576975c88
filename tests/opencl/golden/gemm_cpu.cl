/* gemm: shapes.py:17

   launch gemm_i_block over pieces of 0 .. (C_shape0 - 1)//96 + 1
*/

#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
typedef long int64_t;
typedef double4 f64x4 __attribute__((aligned(8)));

/* Where piece `number` of `trips` iterations begins, of as many pieces as there are groups. */
static inline int64_t share(int64_t trips, int64_t number)
{
    return trips > 0 ? trips * number / (int64_t)get_num_groups(0) : 0;
}

/* a / b rounded down, b > 0 */
static inline int64_t floord(int64_t a, int64_t b)
{
    return b & (b - 1) ? a / b - (a % b < 0) : (a - (a & (b - 1))) / b;
}

static inline int64_t min_i64(int64_t a, int64_t b)
{
    return b < a ? b : a;
}

__kernel void gemm_i_block(int64_t C_shape0, int64_t C_shape1, int64_t A_shape1, int64_t B_shape1,
                           __global double *restrict C, __global const double *restrict A,
                           __global const double *restrict B)
{
    const int64_t i_block_trips = floord(C_shape0 + 95, 96);
    const int64_t i_block_first = share(i_block_trips, get_group_id(0));
    const int64_t i_block_last = share(i_block_trips, get_group_id(0) + 1);
    for (int64_t i_block = i_block_first; i_block < i_block_last; i_block++) {
        for (int64_t k_block = 0; k_block < floord(A_shape1 + 319, 320); k_block++) {
            for (int64_t j_tile = 0; j_tile < floord(C_shape1 + 23, 24); j_tile++) {
                for (int64_t i_tile = 12 * i_block;
                     i_tile < min_i64(12 * i_block + 12, (C_shape0 + 7) / 8); i_tile++) {
                    if (C_shape1 >= 24 * j_tile + 24 && C_shape0 >= 8 * i_tile + 8) {
                        double C_acc[8][24];
                        for (int64_t C_acc_0 = 0; C_acc_0 < 8; C_acc_0++)
                            for (int64_t C_acc_1 = 0; C_acc_1 < 24; C_acc_1++)
                                C_acc[C_acc_0][C_acc_1] =
                                        C[(8 * i_tile + C_acc_0) * C_shape1
                                        + (24 * j_tile + C_acc_1)];
                        for (int64_t k = 320 * k_block; k < min_i64(A_shape1, 320 * k_block + 320);
                             k++) {
                            #pragma unroll 8
                            for (int64_t i = 0; i < 8; i++) {
                                #pragma unroll 6
                                for (int64_t j = 0; j < 24; j += 4) {
                                    /* shapes.py:21   C[i, j] += A[i, k] * B[k, j]   S1 */
                                    *(f64x4 *)&C_acc[i][j] += A[(8 * i_tile + i) * A_shape1 + k]
                                            * *(__global const f64x4 *)&B[k * B_shape1
                                            + (24 * j_tile + j)];
                                }
                            }
                        }
                        for (int64_t C_acc_0 = 0; C_acc_0 < 8; C_acc_0++)
                            for (int64_t C_acc_1 = 0; C_acc_1 < 24; C_acc_1++)
                                C[(8 * i_tile + C_acc_0) * C_shape1 + (24 * j_tile + C_acc_1)] =
                                        C_acc[C_acc_0][C_acc_1];
                    }
                    for (int64_t k_edge = 320 * k_block;
                         k_edge < min_i64(A_shape1, 320 * k_block + 320); k_edge++) {
                        if (8 * i_tile >= C_shape0 - 7) {
                            for (int64_t i_edge = 8 * i_tile; i_edge < C_shape0; i_edge++) {
                                const int64_t j_edge_end = min_i64(C_shape1, 24 * j_tile + 24);
                                int64_t j_edge = 24 * j_tile;
                                for (; j_edge < j_edge_end - 3; j_edge += 4) {
                                    /* shapes.py:21   C[i, j] += A[i, k] * B[k, j]   S1 */
                                    *(__global f64x4 *)&C[i_edge * C_shape1 + j_edge] +=
                                            A[i_edge * A_shape1 + k_edge]
                                            * *(__global const f64x4 *)&B[k_edge * B_shape1
                                            + j_edge];
                                }
                                for (; j_edge < j_edge_end; j_edge++) {
                                    /* shapes.py:21   C[i, j] += A[i, k] * B[k, j]   S1 */
                                    C[i_edge * C_shape1 + j_edge] += A[i_edge * A_shape1 + k_edge]
                                            * B[k_edge * B_shape1 + j_edge];
                                }
                            }
                        } else if (24 * j_tile >= C_shape1 - 23) {
                            for (int64_t i_edge = 0; i_edge < 8; i_edge++) {
                                const int64_t j_edge_end_2 = C_shape1;
                                int64_t j_edge = 24 * j_tile;
                                for (; j_edge < j_edge_end_2 - 3; j_edge += 4) {
                                    /* shapes.py:21   C[i, j] += A[i, k] * B[k, j]   S1 */
                                    *(__global f64x4 *)&C[(8 * i_tile + i_edge) * C_shape1
                                            + j_edge] +=
                                            A[(8 * i_tile + i_edge) * A_shape1 + k_edge]
                                            * *(__global const f64x4 *)&B[k_edge * B_shape1
                                            + j_edge];
                                }
                                for (; j_edge < j_edge_end_2; j_edge++) {
                                    /* shapes.py:21   C[i, j] += A[i, k] * B[k, j]   S1 */
                                    C[(8 * i_tile + i_edge) * C_shape1 + j_edge] +=
                                            A[(8 * i_tile + i_edge) * A_shape1 + k_edge]
                                            * B[k_edge * B_shape1 + j_edge];
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
